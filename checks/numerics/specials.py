"""Numbers that are none, have no end, or are too small to be normal: what an operation must make of them.

A NaN that vanishes hides the step where a training broke; one that spreads too far accuses the innocent. What IEEE 754
settles is in `AGREED`, `ANY` where it settles nothing and one framework's processors differ among themselves; where a
framework has another way than the `USUAL` one, its `OWN` table says so.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.numerics import Engine

Numbers = tuple[float | None, ...]
ANY = None
_NAN, _INF = float("nan"), float("inf")
_SQUARE = ((1.0, 2.0), (3.0, 4.0))

# case → function and its inputs
CASES: dict[str, tuple[str, tuple[object, ...]]] = {
    "a NaN in a product stays in its row": ("matmul", (((1.0, _NAN), (3.0, 4.0)), _SQUARE)),
    "0 × NaN in a product": ("matmul", (((0.0, 0.0), (1.0, 0.0)), ((_NAN, 1.0), (1.0, 1.0)))),
    "0 × ∞ in a product": ("matmul", (((0.0, 1.0), (1.0, 1.0)), ((_INF, 1.0), (1.0, 1.0)))),
    "∞ - ∞": ("add", ((_INF,), (-_INF,))),
    "a sum beyond the largest number": ("add", ((3e38,), (3e38,))),
    "1 / 0 and -1 / 0": ("divide", ((1.0, -1.0), (0.0, 0.0))),
    "0 / 0": ("divide", ((0.0,), (0.0,))),
    "√-1": ("sqrt", ((-1.0,),)),
    "ln 0 and ln -1": ("log", ((0.0, -1.0),)),
    "sum with NaN": ("sum", (((1.0, _NAN, 2.0), (1.0, 2.0, 3.0)),)),
    "mean of ∞ and -∞": ("mean", (((_INF, -_INF), (1.0, 3.0)),)),
    "running sum after NaN": ("running sum", (((1.0, _NAN, 2.0),),)),
    "largest of numbers and NaN": ("largest", (((1.0, _NAN, 2.0), (_NAN, 1.0, 0.0)),)),
    "smallest of numbers and NaN": ("smallest", (((1.0, _NAN, 2.0), (_NAN, 1.0, 0.0)),)),
    "maximum with NaN": ("maximum", ((_NAN, 1.0), (1.0, _NAN))),
    "minimum with NaN": ("minimum", ((_NAN, 1.0), (1.0, _NAN))),
    "relu of NaN": ("relu", ((_NAN, -1.0, 2.0),)),
    "clip of NaN and ±∞": ("clip", ((_NAN, _INF, -_INF),)),
    "sort with NaN": ("sort", ((2.0, _NAN, 1.0),)),
    "softmax with -∞": ("softmax", (((0.0, -_INF),),)),
    "softmax of -∞ alone": ("softmax", (((-_INF, -_INF),),)),
    "logsumexp of -∞ alone, and of ∞": ("logsumexp", (((-_INF, -_INF), (_INF, 0.0)),)),
    "place of the largest with NaN": ("argmax", (((1.0, _NAN, 2.0), (0.0, 1.0, 2.0)),)),
    "softmax with NaN": ("softmax", (((_NAN, 0.0), (0.0, 0.0)),)),
    "softmax with ∞": ("softmax", (((_INF, 0.0), (0.0, 0.0)),)),
    # what a compiler may simplify only where it assumes that there is no NaN and no ∞ (fast mathematics)
    "x - x": ("less itself", ((_NAN, _INF, -_INF, 1.0),)),
    "x / x": ("by itself", ((_NAN, _INF, -_INF, 2.0),)),
    "x × 0": ("times zero", ((_NAN, _INF, -_INF, 2.0),)),
    "is it NaN": ("is NaN", ((_NAN, _INF, -_INF, 1.0),)),
    "is it finite": ("is finite", ((_NAN, _INF, -_INF, 1.0),)),
    # what it may simplify only where it takes sums for associative
    "(1 + 2^30) - 2^30": ("there and back", ((1.0, 1.0), (2.0**30, 1.0))),
}
AGREED: dict[str, Numbers] = {
    "a NaN in a product stays in its row": (_NAN, _NAN, 15.0, 22.0),
    "0 × NaN in a product": (_NAN, 0.0, _NAN, 1.0),
    "0 × ∞ in a product": (_NAN, 1.0, _INF, 2.0),
    "∞ - ∞": (_NAN,),
    "a sum beyond the largest number": (_INF,),
    "1 / 0 and -1 / 0": (_INF, -_INF),
    "0 / 0": (_NAN,),
    "√-1": (_NAN,),
    "ln 0 and ln -1": (-_INF, _NAN),
    "sum with NaN": (_NAN, 6.0),
    "mean of ∞ and -∞": (_NAN, 2.0),
    "running sum after NaN": (1.0, _NAN, _NAN),
    "largest of numbers and NaN": (_NAN, _NAN),
    "smallest of numbers and NaN": (_NAN, _NAN),
    "maximum with NaN": (_NAN, _NAN),
    "minimum with NaN": (_NAN, _NAN),
    "relu of NaN": (_NAN, 0.0, 2.0),
    "clip of NaN and ±∞": (_NAN, 1.0, 0.0),
    "sort with NaN": (1.0, 2.0, _NAN),
    "softmax with -∞": (1.0, 0.0),
    "softmax of -∞ alone": (_NAN, _NAN),
    "logsumexp of -∞ alone, and of ∞": (-_INF, _INF),
    # what else the row gets, 0 or NaN, differs in TensorFlow from one processor to another
    "softmax with NaN": (_NAN, ANY, 0.5, 0.5),
    "softmax with ∞": (_NAN, ANY, 0.5, 0.5),
    "x - x": (_NAN, _NAN, _NAN, 0.0),
    "x / x": (_NAN, _NAN, _NAN, 1.0),
    "x × 0": (_NAN, _NAN, _NAN, 0.0),
    "is it NaN": (1.0, 0.0, 0.0, 0.0),
    "is it finite": (0.0, 0.0, 0.0, 1.0),
    "(1 + 2^30) - 2^30": (0.0, 1.0),
}
USUAL: dict[str, Numbers] = {"place of the largest with NaN": (1.0, 2.0)}
"""What nothing settles and most give on a CPU: a NaN counts as the largest."""

_TINY = 2.0**-140  # float32's smallest normal number is 2^-126
# case → function, its inputs, and the answer of a machine that keeps such numbers
DENORMALS: dict[str, tuple[str, tuple[object, ...], float]] = {
    "sum of two": ("add", ((_TINY,), (_TINY,)), 2 * _TINY),
    "product that becomes one": ("multiply", ((2.0**-70,), (2.0**-70,)), _TINY),
    "product out of one": ("multiply", ((_TINY,), (2.0**20,)), 2.0**-120),
    "quotient that becomes one": ("divide", ((2.0**-120,), (2.0**20,)), _TINY),
    "matrix product that becomes one": ("matmul", (((2.0**-70,),), ((2.0**-70,),)), _TINY),
    "long sum": ("sum", (((_TINY,) * 64,),), 64 * _TINY),
}


def check_specials(engine: Engine, own: dict[str, Numbers], record: Recorder) -> None:
    """Record for each case whether the answer is the agreed one or in `own`, NaN being an answer too; list the rest."""
    for case, (function, inputs) in CASES.items():
        got = tuple(np.asarray(engine.evaluate(function, *map(_float32, inputs)), np.float64).reshape(-1).tolist())
        record.observe("special numbers", case, str(got))
        expected = (AGREED | own).get(case)
        if expected is not None:
            record.invariant(case, _is(got, expected), f"{got}, documented {_written(expected)}")


def _is(got: tuple[float, ...], expected: Numbers) -> bool:
    return len(got) == len(expected) and all(
        theirs is ANY or ours == theirs or (isnan(ours) and isnan(theirs))
        for ours, theirs in zip(got, expected, strict=True)
    )


def _written(expected: Numbers) -> str:
    return f"({', '.join('any' if one is ANY else f'{one:g}' for one in expected)})"


def check_denormals(engine: Engine, documented: str, record: Recorder) -> None:
    """Record whether numbers below 2^-126 are kept or flushed to zero; `documented` is "" where both are allowed."""
    for case, (function, inputs, kept) in DENORMALS.items():
        got = float(np.asarray(engine.evaluate(function, *map(_float32, inputs))).reshape(-1)[0])
        found = {kept: "kept", 0.0: "flushed"}.get(got, "neither kept nor flushed")
        record.observe("numbers below 2^-126", case, found)
        holds = found == documented if documented else found in {"kept", "flushed"}
        record.invariant(
            f"numbers below 2^-126, {case}", holds, f"{got:g}: {found}, documented {documented or 'either'}"
        )


def _float32(values: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, np.float32)
