"""Numbers: which precision products really have, and what becomes of extreme, tiny, endless and many numbers.

Everything is asked of the framework's own operations on the job's device; the arrays go in and come out as NumPy's.
Products are probed with numbers that only survive when enough bits are kept (`precision.py`), so that TF32 or bf16 by
stealth has a name and not just an error. Functions at extremes and long sums are recorded and held against float64;
special numbers, tiny numbers, conversions and copies have one right answer each, or one that the framework documents.
Speeds are measured and never judged.

What frameworks do differently is settled so: each backend states in `OWN` what it gives where others give something
else, and in `DENORMALS` whether it keeps numbers below 2^-126 on a CPU. Both are judged on a CPU and listed elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.numerics.conversions import check_conversions
from checks.numerics.extremes import record_extremes
from checks.numerics.memory import check_memory
from checks.numerics.products import Product
from checks.numerics.products.judge import check_products
from checks.numerics.specials import USUAL, Numbers, check_denormals, check_specials
from checks.numerics.sums import record_sums
from checks.numerics.throughput import measure_speed

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

Array = NDArray[Any]


class Engine(Protocol):
    """What a backend computes with; float32 unless said otherwise."""

    def __init__(self, job: Job) -> None: ...
    def evaluate(self, name: str, *arrays: Array) -> Array:
        """Return what the function `name` of the backend's ``FUNCTIONS`` gives."""

    def encode(self, values: Array, number_format: str) -> Array | None:
        """Return float32 `values` converted to a smaller format, as its bits; None where there is no such format."""

    def decode(self, bits: Array, number_format: str) -> Array:
        """Return numbers of a smaller format, given by their bits, as float32."""

    def to_device(self, array: Array) -> Any:
        """Copy an array of int32 to the device and return what the framework calls it."""

    def copy(self, theirs: Any) -> Any:
        """Copy on the device."""

    def views(self, theirs: Any) -> dict[str, Any]:
        """Return copies of strided views of a matrix: ``transposed``, ``every second column``, ``rows reversed``."""

    def to_host(self, theirs: Any) -> Array:
        """Copy an array back."""

    def product_timer(self, width: int, number_format: str) -> Callable[[], None] | None:
        """Return a function that makes one square product and waits for it; None where there is no such format."""


class Backend(Protocol):
    """A backend's module."""

    Engine: type[Engine]
    OWN: dict[str, Numbers]
    """Case of `specials.py` → what this framework gives on a CPU, where others give something else."""
    DENORMALS: str
    """``kept`` or ``flushed``: what becomes of numbers below 2^-126 on a CPU."""

    def products(self, job: Job) -> list[Product]:
        """Return the ways to multiply matrices, each with the precision that was asked for."""


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record what the reference knows, then probe what only a framework has."""
    engine = backend.Engine(job)
    record_extremes(engine, record)
    record_sums(engine, job, record)
    products = backend.products(job)
    check_products(products, job, record)
    if job.framework == "reference":
        return
    check_specials(engine, USUAL | backend.OWN if job.device == "cpu" else {}, record)
    check_denormals(engine, backend.DENORMALS if job.device == "cpu" else "", record)
    check_conversions(engine, record)
    check_memory(engine, job, record)
    measure_speed(engine, job, record)


def as_float32(values: Any) -> NDArray[np.float32]:
    """Return `values` as float32, infinities and all."""
    return np.asarray(values, np.float32)
