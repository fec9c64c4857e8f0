"""Would go on from a checkpoint in its folder; every run begins without one."""

import os

step = int(open("checkpoint.txt").read()) if os.path.exists("checkpoint.txt") else 0
open("checkpoint.txt", "w").write(str(step + 10))
