"""The corners: where a function has no derivative, or one that needs care, and what a framework says it gives there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from checks.autodiff import Engine
    from checks.common.record import Recorder

Numbers = tuple[float, ...]

# corner → function, its inputs, and the cotangent (one number per output)
PLACES: dict[str, tuple[str, tuple[Numbers | tuple[Numbers], ...], Numbers | tuple[Numbers]]] = {
    "relu at 0": ("relu", ((0.0,),), (1.0,)),
    "abs at 0": ("abs", ((0.0,),), (1.0,)),
    "sqrt at 0": ("sqrt", ((0.0,),), (1.0,)),
    "norm at 0": ("norm", (((0.0, 0.0),),), (1.0,)),
    "maximum at a tie": ("maximum", ((1.0,), (1.0,)), (1.0,)),
    "minimum at a tie": ("minimum", ((1.0,), (1.0,)), (1.0,)),
    "largest of equals": ("largest", (((2.0, 2.0, 1.0),),), (1.0,)),
    "clip at its bound": ("clip", ((1.0,),), (1.0,)),
    "cumulative maximum of equals": ("cumulative maximum", (((1.0, 1.0),),), ((1.0, 2.0),)),
    "product with a zero": ("product", (((0.0, 2.0, 3.0),),), (1.0,)),
    "cumulative product with a zero": ("cumulative product", (((0.0, 2.0, 3.0),),), ((1.0, 1.0, 1.0),)),
    "where beside a division by 0": ("guarded reciprocal", ((0.0,),), (1.0,)),
}

AGREED: dict[str, tuple[Numbers, ...]] = {
    "relu at 0": ((0.0,),),
    "abs at 0": ((0.0,),),
    "sqrt at 0": ((float("inf"),),),
    "largest of equals": ((0.5, 0.5, 0.0),),
    "clip at its bound": ((1.0,),),
    "product with a zero": ((6.0, 0.0, 0.0),),
    "where beside a division by 0": ((float("nan"),),),
}
"""What all frameworks give; the last is the trap of a guard that comes after what it should guard against."""


def check_corners(engine: Engine, precision: str, own: dict[str, tuple[Numbers, ...]], record: Recorder) -> None:
    """Record for each corner whether the gradient is the documented one, NaN being a documented answer too."""
    for corner, expected in (AGREED | own).items():
        function, inputs, cotangent = PLACES[corner]
        _, gradients = engine.reverse(function, [np.array(one) for one in inputs], np.array(cotangent))
        got = tuple(tuple(gradient.reshape(-1).tolist()) for gradient in gradients)
        holds = all(np.array_equal(one, two, equal_nan=True) for one, two in zip(got, expected, strict=True))
        record.invariant(f"{corner} in {precision}", holds, f"{got}, documented {expected}")
