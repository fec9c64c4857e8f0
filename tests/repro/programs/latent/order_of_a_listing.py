"""Reads its data in the order of a listing. Depends on: listing"""

import os

os.makedirs("data")
for number in range(6):
    open(f"data/{number}.txt", "w").write(str(number / 10))
total = 0.0
for name in os.listdir("data"):
    total = total * 0.9 + float(open(f"data/{name}").read())
open("total.txt", "w").write(repr(total))
