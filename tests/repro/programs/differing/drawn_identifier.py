"""Sorts by an identifier that is drawn. Depends on: entropy"""

import json
import uuid

runs = sorted((str(uuid.uuid4()), number) for number in range(12))
json.dump([number for _, number in runs], open("order.json", "w"))
