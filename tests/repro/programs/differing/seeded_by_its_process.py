"""Gives each worker a seed by its process number. Depends on: process-id"""

import os
import random

random.seed(os.getpid())
print(random.random())
