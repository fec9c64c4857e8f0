"""Evidence that was written down by hand, and a lock of it."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

import msgspec

from gpusetup.evidence.codec import to_table
from gpusetup.evidence.model import Evidence, Result, Source
from gpusetup.resolve import lock
from gpusetup.selftest.registry import Tolerance


def sample() -> Evidence:
    """Return evidence of one run of one number at two steps, whose packed part was written down by hand."""
    layout: Any = ((0, "value", "loss", "float32", [], 1), (1, "value", "loss", "float32", [], 1))
    digests = "0123456789abcdeffedcba9876543210"
    group = hashlib.sha256(b"0 loss 0123456789abcdef\n1 loss fedcba9876543210").hexdigest()[:16]
    values = base64.b64encode(struct.pack("<4f", 0.5, 0.5, 0.25, 0.25)).decode()
    row = Result(
        check="one", framework="pytorch", device="cpu", precision="float32", seed=0, processes=2, environment="e",
        fingerprint="f" * 64, group={"value": group}, trajectory={"loss": (0.5, 0.25)},
    )  # fmt: skip
    made = {
        "profile": "quick", "threads": 1, "installed": {}, "environment": {"e": {"torch": "1"}},
        "check": {"one": Source(source="version 1", tolerance={"value": Tolerance(ulps=4, why="two roundings")})},
        "run": [row], "layout": {"l": layout}, "packed": {"one pytorch cpu float32 0": ("l", digests, values)},
    }  # fmt: skip
    return msgspec.convert(msgspec.to_builtins(made), Evidence)


def text_of(made: Evidence, held: lock.Lock | None = None) -> str:
    return lock.dump(lock.with_proof(held, "cpu", to_table(made)))
