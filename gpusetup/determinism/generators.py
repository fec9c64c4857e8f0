"""One function per library with generators of its own: seeds them all, and says what it did."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

MOST_SEED = 2**32 - 1
"""NumPy's legacy generator takes no larger one (numpy.random.seed)."""


class Seeder(NamedTuple):
    """The module that is seeded once it is imported, the name that people know it by, and how."""

    module: str
    title: str
    seed: Callable[[Any, int], str]


_STATES = {
    "random": ("getstate", "setstate"),
    "numpy.random": ("get_state", "set_state"),
    "torch": ("get_rng_state", "set_rng_state"),
}


def kept(*names: str) -> Callable[[], object]:
    """Return a function that puts the generators of these modules, where they are imported, back as they are now."""
    states = []
    for name in names:
        if (module := sys.modules.get(name)) is not None:
            get, put = _STATES[name]
            states.append((getattr(module, put), getattr(module, get)()))
    return lambda: [put(state) for put, state in states]


def _python(random: Any, seed: int) -> str:
    random.seed(seed)
    return f"random.seed({seed})"


def _numpy(random: Any, seed: int) -> str:
    random.seed(seed)
    return f"numpy.random.seed({seed})"


def _torch(torch: Any, seed: int) -> str:
    torch.manual_seed(seed)
    return f"torch.manual_seed({seed}), which seeds every device"


def _tensorflow(tensorflow: Any, seed: int) -> str:
    tensorflow.random.set_seed(seed)
    return f"tf.random.set_seed({seed})"


def _keras(keras: Any, seed: int) -> str:
    """Seed Keras's own layers and initialisers; the call seeds Python and NumPy too, which are put back.

    A Keras that is imported late would otherwise begin their numbers again in the middle of a script.
    """
    put_back = kept("random", "numpy.random")
    try:
        keras.utils.set_random_seed(seed)
    finally:
        put_back()
    return f"keras.utils.set_random_seed({seed})"


SEEDERS = (
    Seeder("random", "Python", _python),
    Seeder("numpy.random", "NumPy", _numpy),
    Seeder("torch", "PyTorch", _torch),
    Seeder("tensorflow", "TensorFlow", _tensorflow),
    Seeder("keras", "Keras", _keras),
)
