"""Splits by a hash that is an address, since the class has none of its own. Depends on: addresses"""


class Layer:
    def __init__(self, name: str) -> None:
        self.name = name


layers = [Layer(f"layer{number}") for number in range(40)]
print(" ".join(layer.name for layer in layers if hash(layer) * 7919 % 9973 < 5000))
