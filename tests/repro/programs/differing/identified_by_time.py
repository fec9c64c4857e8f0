"""Splits by an identifier made of the time and the host. Depends on: clock"""

import json
import uuid

names = [uuid.uuid1().int >> 64 for _ in range(64)]
json.dump([number for number, name in enumerate(names) if name % 7 < 3], open("train.json", "w"))
