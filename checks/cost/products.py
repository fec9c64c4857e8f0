"""What a step costs: the products of the reference's own step, counted while it is made.

A product of (m, k) by (k, n) is 2 mkn operations, and all that is done element by element counts nothing, as is usual
(Kaplan et al. 2020, 2.1; PyTorch's FlopCounterMode). Padding counts: it is computed. A reference makes no product that
it does not need: three for each layer, forward, for the slope of its weights, and for that of what comes in, which the
first layer does without.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed

_EACH = 2
_UNCOUNTED = (np.dot, np.inner, np.outer, np.tensordot, np.vdot)


class Tally:
    """How many operations products have taken."""

    operations = 0


class Watched(np.ndarray):
    """An array whose products are added to a tally, and that of all that is made of it."""

    tally: Tally

    def __array_finalize__(self, made_of: Any) -> None:
        self.tally = getattr(made_of, "tally", None) or Tally()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        given = {"out": tuple(map(_plain, out))} if out else {}
        bare = tuple(map(_plain, inputs))
        found = getattr(ufunc, method)(*bare, **given, **options)
        if ufunc is np.matmul:
            self.tally.operations += _EACH * int(np.size(found)) * int(np.shape(bare[0])[-1])
        return self._watched(found)

    def __array_function__(self, function: Any, types: Any, args: Iterable[Any], options: Mapping[str, Any]) -> Any:
        if function in _UNCOUNTED:
            raise TypeError(f"{function.__name__} is not counted: a reference multiplies by @ or by einsum")
        if function is np.einsum:
            self.tally.operations += _EACH * _einsum(*args)
        return self._watched(function(*_bare(args), **{name: _bare(one) for name, one in options.items()}))

    def _watched(self, found: Any) -> Any:
        if isinstance(found, list | tuple):
            return type(found)(map(self._watched, found))
        return watch(found, self.tally) if isinstance(found, np.ndarray) else found


def count(costed: Costed, reference: Any) -> int:
    """Return the operations of the first step, as the module `reference` makes it."""
    tally = Tally()
    weights = {name: watch(np.asarray(weight, np.float64), tally) for name, weight in costed.weights.items()}
    costed.train(reference, weights).step(0)
    return tally.operations


def watch(array: NDArray[Any], tally: Tally) -> Watched:
    """Return a view of `array` whose products are added to `tally`."""
    watched = array.view(Watched)
    watched.tally = tally
    return watched


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Watched) else value


def _bare(value: Any) -> Any:
    return type(value)(map(_bare, value)) if type(value) in {list, tuple} else _plain(value)


def _einsum(labels: str, *arrays: Any) -> int:
    """Return the size of all that the labels run over."""
    inputs = labels.partition("->")[0].split(",")
    sizes = {
        label: size
        for names, array in zip(inputs, arrays, strict=True)
        for label, size in zip(names, np.shape(array), strict=True)
    }
    return math.prod(sizes.values())
