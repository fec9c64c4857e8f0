"""Writes into a folder that is called after the time and its process, as many trackers do."""

import os
import time
from datetime import datetime

folder = f"runs/{datetime.now():%Y-%m-%d_%H-%M-%S}.{time.time_ns()}.{os.getpid()}"
os.makedirs(folder)
open(f"{folder}/loss.csv", "w").write("step,loss,wall_time\n0,1.5,%f\n1,0.75,%f\n" % (time.time(), time.time()))
