"""From a bare NVIDIA GPU to a deep-learning stack that is proven to work and to reproduce."""

__version__ = "0.1.0"
