"""Continues from what an earlier run left outside the folder. Depends on: a file elsewhere"""

import os

path = os.path.join(os.environ["STATE"], "counter")
count = int(open(path).read()) + 1 if os.path.exists(path) else 0
open(path, "w").write(str(count))
open("step.txt", "w").write(f"step {count}\n")
