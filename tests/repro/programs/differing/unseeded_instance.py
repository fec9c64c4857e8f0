"""Seeds the global generator, and draws from another. Depends on: python-random"""

import random

random.seed(0)
augment = random.Random()
print("crop", augment.randrange(10**9))
