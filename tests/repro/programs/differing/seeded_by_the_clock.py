"""Takes its seed from the clock. Depends on: clock"""

import random
import time

random.seed(int(time.time() * 1000))
open("sample.txt", "w").write(str(random.random()))
