"""Trains for a third of a second. Depends on: durations"""

import json
import time

weight, steps, begin = 0.0, 0, time.monotonic()
while time.monotonic() - begin < 0.3:
    weight += 1e-8 * (1.0 - weight)
    steps += 1
json.dump({"weight": weight}, open("model.json", "w"))
