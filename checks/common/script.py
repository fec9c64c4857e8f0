"""Runs the functions of a user's own file as a check: what each returns is recorded by its name.

Nothing is seeded for it: a function whose numbers are to be the same seeds for itself. It takes what it names of
``seed``, ``device``, ``precision``, ``threads`` and ``record``, and returns numbers, tensors, models, or lists and
dictionaries of them. With ``record`` it has all that a check has.
"""

from __future__ import annotations

import fnmatch
import inspect
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.common.own_file import OwnFileError, load_function

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

Prove = Callable[[ModuleType, "Job", "Recorder"], None]


class ScriptError(OwnFileError):
    """What ``--script`` takes is something else."""


def prover(file: str, functions: Mapping[str, str], limits: Mapping[str, float]) -> Prove:
    """Return the check's `prove`: `functions` has the function of each framework, `limits` the kinds of tensors."""

    def prove(_backend: ModuleType, job: Job, record: Recorder) -> None:
        name = functions.get(job.framework)
        if name is None:  # no reference: nothing is recorded, and nothing compared with it
            return
        _unseed()
        function = load_function(file, name, ScriptError)
        returned = function(**_arguments(function, job, record))
        values = dict(_values(returned, "value" if not isinstance(returned, Mapping) else ""))
        if not values and "record" not in inspect.signature(function).parameters:
            raise ScriptError(f"{name} returned nothing: return the numbers to compare, such as a loss or the weights")
        for title, value in values.items():
            record.tensor(_kind(value, title, limits), title, value)
        finite = all(np.isfinite(value).all() for value in values.values() if value.dtype.kind in "fc")
        record.invariant("every number is finite", bool(finite), f"{len(values)} values")

    return prove


def _unseed() -> None:
    """Seed every generator from the system's entropy: what `prepare` has seeded would hide that a function does not."""
    drawn = int.from_bytes(os.urandom(4), "little")
    random.seed(drawn)
    np.random.seed(drawn)
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    if torch is not None:
        torch.manual_seed(drawn)
    if tensorflow is not None:
        tensorflow.random.set_seed(drawn)


def _arguments(function: Callable[..., object], job: Job, record: Recorder) -> dict[str, object]:
    offered = {
        "seed": job.seed, "device": job.device, "precision": job.precision, "threads": job.threads, "record": record,
    }  # fmt: skip
    asked = inspect.signature(function).parameters
    for name, one in asked.items():
        if name not in offered and one.default is one.empty and one.kind not in {one.VAR_POSITIONAL, one.VAR_KEYWORD}:
            raise ScriptError(f"{function.__name__} needs {name}: it can be given {', '.join(offered)}")
    return {name: offered[name] for name in asked if name in offered}


def _values(value: Any, name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield every tensor and number of what a function returned, by its place."""
    if hasattr(value, "state_dict"):
        value = value.state_dict()
    elif hasattr(value, "get_weights"):
        value = list(value.get_weights())
    if value is None:
        return
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _values(one, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and not all(isinstance(one, int | float) for one in value):
        for number, one in enumerate(value):
            yield from _values(one, f"{name}[{number}]")
    else:
        yield name, _array(value, name)


def _array(value: Any, name: str) -> NDArray[Any]:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if "bfloat16" in str(value.dtype) else value  # NumPy has none
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise ScriptError(f"{name} is a {type(value).__name__}: return numbers, tensors, models, lists or dictionaries")
    return array


def _kind(array: NDArray[Any], name: str, limits: Mapping[str, float]) -> str:
    """Return the kind of a tensor: integers are exact, others have the first limit whose glob is their name."""
    if array.dtype.kind in "biu":
        return "exact"
    return next(glob for glob in limits if fnmatch.fnmatch(name, glob))
