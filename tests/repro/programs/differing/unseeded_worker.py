"""Seeds the program, and not the generators of its workers. Depends on: python-random"""

import random
import subprocess
import sys

random.seed(0)
drawn = subprocess.run([sys.executable, "-c", "import random; print(random.random())"], capture_output=True, text=True)
open("augmented.txt", "w").write(drawn.stdout)
