"""What nearly every machine is judged with, loaded while the machine is still being read."""

from __future__ import annotations

from gpusetup.doctor import diagnosis  # noqa: F401 - what runs the rules
from gpusetup.doctor.messages.rows import ordinary
from gpusetup.doctor.messages.said import openings
from gpusetup.doctor.outcome import verdict  # noqa: F401 - what runs the rules
from gpusetup.doctor.remedies import fixes
from gpusetup.facts import facts

TABLES = (
    "arch", "branch", "chip", "cuda", "cuda_major", "cudnn_support", "defect", "gpu", "tensorflow", "torch",
    "torch_build",
)  # fmt: skip
"""Of facts, those that a third of all machines need; any other is loaded by the rule that does."""


def prepare() -> None:
    """Load the tables; what is already loaded stays."""
    for table in TABLES:
        getattr(facts(), table)
    fixes.names()
    ordinary()
    openings()
