"""Automatic differentiation: every primitive, forward and reverse, in float32 and float64, against exact derivatives.

First f = (x₁x₂ sin x₃ + e^(x₁x₂)) / x₃ with its gradient and its Hessian times a vector, taken two ways; then the zoo
of primitives, each with its value, the gradient under a drawn cotangent, and the derivative along drawn tangents; then
the corners, where a function has no derivative and each framework documents which subgradient it gives instead.

What frameworks write differently is settled so: images are n, height, width, channels, and kernels height, width, in,
out; the variance divides by n; GELU is the exact one, with erf; a layer norm's ε stands inside the root and is 2^-10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.autodiff.corners import check_corners
from checks.autodiff.primitives import FUNCTIONS
from checks.autodiff.zoo import ZOO, Primitive, draw_inputs
from checks.common.draw import uniform

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

Array = NDArray[Any]
POINTS = 64
PRECISIONS = ("float32", "float64")


class Engine(Protocol):
    """What a backend implements: its framework's derivatives in one precision, NumPy arrays in and out."""

    def __init__(self, job: Job, precision: str) -> None: ...
    def composite(self, points: Array, direction: Array) -> dict[str, Array]:
        """Return value (n,), gradient and both Hessian products (n, 3) of f at `points` (n, 3), in this order."""

    def reverse(self, name: str, inputs: Sequence[Array], cotangent: Array) -> tuple[Array, list[Array]]:
        """Return the value of a primitive and the gradients of sum(cotangent × value)."""

    def forward(self, name: str, inputs: Sequence[Array], tangents: Sequence[Array]) -> Array:
        """Return the derivative of a primitive along `tangents`."""


class Backend(Protocol):
    """A backend's module. `CORNERS` are the subgradients that the framework documents and others do not share."""

    Engine: type[Engine]
    CORNERS: dict[str, tuple[tuple[float, ...], ...]]


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Differentiate everything in both precisions."""
    done, total = 0, len(PRECISIONS) * len(ZOO)
    for precision in PRECISIONS:
        engine = backend.Engine(job, precision)
        record_composite(engine, precision, job, record)
        for primitive in ZOO:
            record_primitive(engine, primitive, precision, job, record)
            done += 1
            record.progress(done, total)
        if job.framework != "reference":  # at a kink there is no derivative to be right about
            check_corners(engine, precision, backend.CORNERS, record)


def record_composite(engine: Engine, precision: str, job: Job, record: Recorder) -> None:
    """Record f and its derivatives, and that its Hessian is symmetric and knows one point at a time."""
    points = uniform(job.seed, "points", (POINTS, 3)) + np.array([0, 0, 2])  # x₃ in [1, 3)
    one, two = (uniform(job.seed, f"direction {name}", (POINTS, 3)) for name in "vw")
    for what, value in engine.composite(points, one).items():
        record.tensor(f"composite in {precision}", f"f in {precision}: {what}", value)
    ways = [name for name in engine.composite(points, one) if name.startswith("Hessian")]
    allowed = 32 * float(np.finfo(precision).eps)
    for way in ways:
        forth, back = ((engine.composite(points, a)[way] * b).sum(axis=1) for a, b in ((one, two), (two, one)))
        apart = float(np.abs(forth - back).max() / np.abs(forth).max())
        detail = f"w·Hv and v·Hw are {apart:.1e} apart, allowed {allowed:.1e}"
        record.invariant(f"{way}, is symmetric in {precision}", apart <= allowed, detail)
        alone = np.where(np.arange(POINTS)[:, None] == POINTS // 2, one, 0)
        touched = np.flatnonzero(engine.composite(points, alone)[way].any(axis=1)).tolist()
        detail = f"moving point {POINTS // 2} moves the gradient at {touched}"
        record.invariant(f"{way}, keeps points apart in {precision}", touched == [POINTS // 2], detail)


def record_primitive(engine: Engine, primitive: Primitive, precision: str, job: Job, record: Recorder) -> None:
    """Record one primitive's value and gradients, and its forward derivative when there is time."""
    inputs = draw_inputs(primitive, job.seed)
    cotangent = uniform(job.seed, f"{primitive.name} cotangent", FUNCTIONS[primitive.name](*inputs).shape)
    value, gradients = engine.reverse(primitive.name, inputs, cotangent)
    kind, name = f"{primitive.kind} in {precision}", f"{primitive.name} in {precision}"
    record.tensor(kind, f"{name}: value", value)
    for number, gradient in enumerate(gradients, start=1):
        record.tensor(kind, f"{name}: gradient of input {number}", gradient)
    if job.profile == "full":  # TensorFlow traces a graph per operation for it
        tangents = [uniform(job.seed, f"{primitive.name} tangent {n}", one.shape) for n, one in enumerate(inputs)]
        record.tensor(kind, f"{name}: forward derivative", engine.forward(primitive.name, inputs, tangents))
