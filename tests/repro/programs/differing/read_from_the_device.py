"""Reads its seed from the system's device. Depends on: a file that changes"""

import random

with open("/dev/urandom", "rb") as device:
    random.seed(device.read(8))
open("sample.txt", "w").write(str(random.random()))
