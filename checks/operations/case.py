"""What a family declares: cases, each one operation on drawn inputs, in every framework, with its float64 reference.

The operation is stated as the source text that a user would write, an expression or the body of a function. The same
text is compiled for the run and printed in the stand-alone script of a failure, so the script is what ran.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

Array = NDArray[Any]
Direction = Literal["forward", "backward"]
FRAMEWORKS = ("pytorch", "tensorflow", "jax")
BITS = 16
COMPILED_ALONE = {("jax", "eager")}
"""Framework and mode in which each primitive is a program of its own, compiled for each shape that it meets."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One drawn array; `shape` and `below` are expressions of the case's sizes."""

    shape: str
    kind: Literal["real", "distinct", "whole", "truth", "holed", "endless"] = "real"
    low: float = -1.0
    high: float = 1.0
    below: str = ""
    gradient: bool = True


def real(shape: str, low: float = -1.0, high: float = 1.0, *, gradient: bool = True) -> Input:
    """Return an input of multiples of 2^-16 (high - low), which must be a power of two: exact in float32."""
    return Input(shape=shape, low=low, high=high, gradient=gradient)


def distinct(shape: str, low: float = -1.0, high: float = 1.0, *, gradient: bool = True) -> Input:
    """Return an input without equal numbers, for operations that compare."""
    return Input(shape=shape, kind="distinct", low=low, high=high, gradient=gradient)


def holed(shape: str, low: float = -1.0, high: float = 1.0, *, infinite: bool = False, gradient: bool = False) -> Input:
    """Return an input an eighth of which is NaN; with `infinite` another eighth is infinite, of either sign."""
    return Input(shape=shape, kind="endless" if infinite else "holed", low=low, high=high, gradient=gradient)


def whole(shape: str, below: str) -> Input:
    """Return an input of integers from 0 to below `below`."""
    return Input(shape=shape, kind="whole", below=below, gradient=False)


def truth(shape: str) -> Input:
    """Return an input of booleans."""
    return Input(shape=shape, kind="truth", gradient=False)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One operation. `code` has the text per framework; one that lacks it has the reason in `absent`."""

    name: str
    inputs: Mapping[str, Input]
    reference: Callable[..., Any]
    code: Mapping[str, str]
    sizes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Name → what is drawn from; the code and the reference know them by name."""
    absent: Mapping[str, str] = field(default_factory=dict)
    no_gradient: str = ""
    """Why there is nothing to differentiate."""
    normwise: bool = False
    """The bound is that of the largest element for all: the algorithm mixes elements (FFT, factorisations)."""
    modes: tuple[str, ...] = ()
    """Run in these modes only; () means all."""
    eager_only: str = ""
    """Why it cannot be compiled."""
    quick: bool = False
    roundings: float = 1.0
    """How many times as many roundings as the reference has are allowed, for other algorithms; a comment says why."""
    narrow: Mapping[str, str] = field(default_factory=dict)
    """Framework, or framework and mode (``tensorflow xla``) → why it is no better than float32 in float64."""
    tiled: bool = False
    """A card's kernel may mix the elements of a tile (Winograd): there the bound is eight times the largest."""
    fused: bool = False
    """Several operations, which a compiler makes one of: worth the seconds that TorchInductor takes."""
    law: bool = False
    """Its results are samples, held against a distribution."""

    def draw_sizes(self, family: str, seed: int, framework: str = "", mode: str = "") -> dict[str, Any]:
        """Return one choice of each size.

        Where primitives are compiled alone, the extents of shapes are the middle ones above 1: what cases have in
        common is then compiled once. The seed draws options and numbers there, and in other modes the shapes.
        """
        extents = self._extents() if (framework, mode) in COMPILED_ALONE else ()
        return {
            name: _middle(choices)
            if name in extents
            else choices[int(integers(seed, f"{family}.{self.name} size {name}", (1,))[0]) % len(choices)]
            for name, choices in self.sizes.items()
        }

    def _extents(self) -> set[str]:
        """Return the sizes that the shapes of inputs are made of."""
        trees = [ast.walk(ast.parse(f"({one.shape},)" if one.shape else "()")) for one in self.inputs.values()]
        return {node.id for tree in trees for node in tree if isinstance(node, ast.Name)}

    def draw_inputs(self, family: str, seed: int, sizes: Mapping[str, Any]) -> dict[str, Array]:
        """Return the inputs in float64, integers and booleans as NumPy has them."""
        return {
            name: _draw(one, sizes, seed, f"{family}.{self.name} input {name}") for name, one in self.inputs.items()
        }

    def held_to(self, precision: str, framework: str, mode: str) -> str:
        """Return the precision that a result is judged by."""
        narrow = framework in self.narrow or f"{framework} {mode}" in self.narrow
        return "float32" if narrow and precision == "float64" else precision

    def wrt(self) -> tuple[str, ...]:
        """Return the inputs that are differentiated."""
        return () if self.no_gradient else tuple(name for name, one in self.inputs.items() if one.gradient)


def _middle(choices: tuple[Any, ...]) -> Any:
    """Return the middle choice, the lower one of two, of those above 1."""
    some = sorted(one for one in choices if one != 1) or choices
    return some[(len(some) - 1) // 2]


def shape_of(text: str, sizes: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape that an expression states: ``"B, 2 * H"``."""
    found = eval(f"({text},)" if text else "()", {}, dict(sizes))  # noqa: S307 - text of these files
    return tuple(int(one) for one in found)


def _draw(one: Input, sizes: Mapping[str, Any], seed: int, stream: str) -> Array:
    shape = shape_of(one.shape, sizes)
    if one.kind == "whole":
        below = int(eval(one.below, {}, dict(sizes)))  # noqa: S307 - text of these files
        return np.asarray(integers(seed, stream, shape) % below)
    raw = integers(seed, stream, shape)
    if one.kind == "truth":
        return np.asarray(raw % 2 == 1)
    if one.kind == "distinct":
        raw = _spread(raw, seed, stream)
    drawn = np.asarray(one.low + (one.high - one.low) * (raw / (1 << BITS)))
    return _with_holes(drawn, raw, one.kind)


def _with_holes(numbers: Array, raw: NDArray[np.int64], kind: str) -> Array:
    """Put NaN, and infinities, where the drawn integers say so, in those kinds."""
    if kind == "endless":
        numbers = np.where(raw % 16 == 5, np.inf, np.where(raw % 16 == 13, -np.inf, numbers))
    return np.where(raw % 8 == 3, np.nan, numbers) if kind in {"holed", "endless"} else numbers


def _spread(raw: NDArray[np.int64], seed: int, stream: str) -> NDArray[np.int64]:
    """Give each number a slot of its own, slots in a drawn order."""
    count = max(1, math.prod(raw.shape))
    slot = (1 << BITS) // count
    places = np.argsort(integers(seed, f"{stream} order", (raw.size,), bits=62), kind="stable").reshape(raw.shape)
    return np.asarray(places * slot + raw % slot)
