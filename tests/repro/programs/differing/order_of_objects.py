"""Iterates over a set of objects without a hash of their own. Depends on: addresses"""


class Layer:
    def __init__(self, name: str) -> None:
        self.name = name


layers = {Layer(f"layer{number}") for number in range(400)}
print(" ".join(layer.name for layer in layers))
