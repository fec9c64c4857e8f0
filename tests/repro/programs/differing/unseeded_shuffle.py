"""Trains on examples in an order that nothing seeds. Depends on: python-random"""

import json
import random

examples = [0.1, 0.7, 0.2, 0.9, 0.4, 0.3, 0.8]
random.shuffle(examples)
weight = 0.0
for example in examples:
    weight += 0.1 * (example - weight)
json.dump({"weight": weight}, open("result.json", "w"))
