"""The recorder: keeps what a check computed, in order, so that the engine can find the first difference."""

from __future__ import annotations

import base64
import hashlib
import math
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checks.common.compare import UNIT

SAMPLES = 4
EXACT = "exact"
_SMALL = 256
"""First number that does not fit a byte."""


class Recorder:
    """Records tensors, invariants, measures and cases of a check.

    `progress` is called with (done, total), `began` with the name of a case before it runs.
    """

    def __init__(self, progress: Callable[[int, int], None], began: Callable[[str], None] = lambda _: None) -> None:
        self.progress, self.began = progress, began
        self._cases: list[dict[str, Any]] = []
        self._arrays: dict[str, NDArray[Any]] = {}
        self._records: list[dict[str, Any]] = []
        self._whole = hashlib.sha256()
        self._invariants: list[dict[str, Any]] = []
        self._measures: dict[str, float] = {}
        self._observations: list[dict[str, str]] = []
        self._pictures: list[dict[str, Any]] = []
        self._absent: dict[str, str] = {}

    def tensor(self, kind: str, name: str, value: ArrayLike, step: int = 0, unit: float = 0.0) -> None:
        """Record one tensor of a `kind` that check.toml has a tolerance for, or ``exact``.

        Record in the order of computation: the first one that differs is where a fault began. `unit`, which only the
        reference's is asked for, is the magnitude of what its elements are sums of, where all of them may have
        cancelled: `sway.unit` finds it.
        """
        array = np.asarray(value, order="C")
        key = f"{step} {name}"
        if key in self._arrays:
            raise ValueError(f"{name} of step {step} is recorded twice")
        self._arrays[key] = array
        if unit:
            self._arrays[UNIT + key] = np.asarray(unit, np.float64)
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        self._whole.update(f"{step} {name} {digest}\n".encode())
        described = _describe(array, 0 if kind == EXACT else SAMPLES)
        if unit:  # also what a saved proof is compared in, by another environment
            described["largest"] = max(described["largest"] or 0.0, unit)
        self._records.append({"step": step, "kind": kind, "name": name, "digest": digest[:16]} | described)

    def tensors(self, kind: str, values: Mapping[str, ArrayLike], step: int = 0, title: str = "") -> None:
        """Record tensors by their names, in their order, each name behind `title`."""
        for name, value in values.items():
            self.tensor(kind, f"{title}{name}", value, step)

    def absent(self, name: str, reason: str, step: int = 0) -> None:
        """Record that this device or version cannot compute a tensor that the reference has, and why."""
        self._absent[f"{step} {name}"] = reason

    def invariant(self, name: str, holds: bool, detail: str) -> None:
        """Record whether an invariant holds, with the measured and the expected value in `detail`."""
        self._invariants.append({"name": name, "holds": bool(holds), "detail": detail})

    def measure(self, name: str, value: float) -> None:
        """Record a figure that is reported, never judged; its name holds its unit."""
        if math.isfinite(value):
            self._measures[name] = float(value)
        else:  # JSON has no NaN or infinity; the recorded tensors show where it began
            self.observe("figures", name, str(value))

    def case(self, **fields: Any) -> None:
        """Record one judged case of an operation; the fields are those of `gpusetup.selftest.model.Case`."""
        self._cases.append(fields)

    def observe(self, table: str, row: str, text: str) -> None:
        """Record an observation about `row`: one line of a table that is reported, never judged or compared."""
        self._observations.append({"table": table, "row": row, "text": text})

    def picture(self, name: str, values: NDArray[Any], about: str) -> None:
        """Record numbers that a report can draw, such as the points of a path; never judged or compared.

        `about` says what the axes are. Whole numbers below 256 are kept as uint8, all others as float16.
        """
        small = values.dtype.kind in "bui" and values.min(initial=0) >= 0 and values.max(initial=0) < _SMALL
        with np.errstate(over="ignore"):  # what is beyond float16 is drawn at the edge
            kept = values.astype(np.uint8 if small else "<f2", order="C")
        packed = base64.b64encode(zlib.compress(kept.tobytes(), 9)).decode("ascii")
        described = {"dtype": "uint8" if small else "float16", "shape": kept.shape, "data": packed}
        self._pictures.append({"name": name, "about": about} | described)

    def save(self, trace: str) -> None:
        """Write all tensors to the file `trace`."""
        with Path(trace).open("wb") as file:
            np.savez(file, **self._arrays)  # type: ignore[arg-type]  # the stub takes the names for allow_pickle

    def result(self) -> dict[str, Any]:
        """Return the result for the engine: everything except the arrays."""
        return {
            "records": self._records,
            "invariants": self._invariants,
            "measures": self._measures,
            "observations": self._observations,
            "pictures": self._pictures,
            "cases": self._cases,
            "absent": self._absent,
            "fingerprint": self._whole.hexdigest(),
        }


def _describe(array: NDArray[Any], samples: int) -> dict[str, Any]:
    """Return type, shape, largest magnitude, and `samples` elements spread evenly from the first to the last."""
    flat = array.reshape(-1)
    count = min(samples, flat.size)
    return {
        "dtype": str(array.dtype),
        "shape": array.shape,
        "largest": _finite(np.max(np.abs(flat))) if flat.size else 0.0,
        "sample": [_finite(flat[place * (flat.size - 1) // max(1, count - 1)]) for place in range(count)],
    }


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
