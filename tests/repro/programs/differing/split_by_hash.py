"""Splits the data by hash(), as a stable split is often meant to be. Depends on: hash-seed"""

names = [f"image-{number:04d}.png" for number in range(200)]
open("train.txt", "w").writelines(f"{name}\n" for name in names if hash(name) % 5)
