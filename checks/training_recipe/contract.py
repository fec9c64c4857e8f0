"""What a user's function returns to ``--model FILE:FUNCTION``, and how its file is run.

The function takes no arguments and returns ``model, loss, batch`` in its framework's own terms, or a dictionary of the
same names with more in it. ``batch`` is ``(inputs, targets)``; ``inputs`` is one tensor, or a tuple or dictionary of
arguments. The rows of the first input are the rows of the batch.

=============  ==========================================  ===========================  =============================
               PyTorch                                     TensorFlow                   JAX
=============  ==========================================  ===========================  =============================
``model``      ``nn.Module``                               ``keras.Model``              ``(parameters, apply)``
``loss``       ``loss(outputs, targets)``                  ``loss(targets, outputs)``,  ``loss(outputs, targets)``
                                                           or None if compiled
``optimizer``  ``torch.optim.Optimizer``, or a function    ``keras.Optimizer``          ``GradientTransformation``
(optional)     of the parameters that makes one
=============  ==========================================  ===========================  =============================

``independent=False`` (optional) says that rows depend on each other: the nodes of a graph, a set, a contrastive loss.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from checks.common.own_file import OwnFileError, load_function

_NEEDED = ("model", "loss", "batch")
_OPTIONAL = ("optimizer", "independent")
RATE = 2.0**-8
"""Learning rate of Adam, the optimiser where a user names none: near its usual 0.001 to 0.01."""


class Parts(NamedTuple):
    """What the user's function returned, with the defaults filled in."""

    model: Any
    loss: Any
    inputs: Any
    targets: Any
    optimizer: Any = None
    independent: bool = True


class ContractError(OwnFileError):
    """What ``--model`` takes is something else."""


def load_build(model: str) -> Callable[[], object]:
    """Run the file of ``FILE:FUNCTION`` and return its function."""
    file, _, name = model.rpartition(":")
    return load_function(file, name, ContractError)


def seed_python(seed: int) -> None:
    """Set the generators of Python and of NumPy; each adapter sets its framework's."""
    random.seed(seed)
    np.random.seed(seed)


def take_apart(returned: object) -> Parts:
    """Return what the function returned by name; `ContractError` says what is missing."""
    if isinstance(returned, tuple | list) and len(returned) == len(_NEEDED):
        returned = dict(zip(_NEEDED, returned, strict=True))
    if not isinstance(returned, dict):
        raise ContractError(f"the function returned {_kind(returned)}, and not (model, loss, batch) or a dictionary")
    if missing := [name for name in _NEEDED if name not in returned]:
        raise ContractError(f"the dictionary that the function returned has no {', '.join(missing)}")
    if unknown := sorted(map(str, set(returned) - {*_NEEDED, *_OPTIONAL})):
        raise ContractError(f"the dictionary has {', '.join(unknown)}; known are {', '.join((*_NEEDED, *_OPTIONAL))}")
    batch = returned["batch"]
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise ContractError(f"the batch is {_kind(batch)}, and not the pair (inputs, targets)")
    more = {name: returned[name] for name in _OPTIONAL if name in returned}
    return Parts(returned["model"], returned["loss"], *batch, **more)


def require(holds: bool, what: str, found: object) -> None:
    """Raise `ContractError` unless it `holds`; `what` says what is expected of `found`."""
    if not holds:
        raise ContractError(f"{what}, and not {_kind(found)}")


def _kind(found: object) -> str:
    if isinstance(found, tuple | list):
        return f"a {type(found).__name__} of {len(found)}"
    return "None" if found is None else f"an object of type {type(found).__name__}"
