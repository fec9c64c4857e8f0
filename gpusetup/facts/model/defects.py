"""Rows about known defects."""

from typing import Literal

from gpusetup.facts.model.fact import Fact


class Defect(Fact):
    """A defect of released packages that their metadata does not show; `first` and `last` are affected too."""

    package: Literal["torch", "tensorflow", "jax"]
    first: str
    last: str
    build: Literal["", "gpu", "cpu"] = ""
    """Where it shows: with the NVIDIA libraries, in computing on the CPU, or "" for both."""
    cc_first: str = ""
    """The oldest compute capability it concerns, "" for any GPU."""
    refuses: bool = False
    """Whether the release is unusable and never chosen; otherwise the plan warns."""
    symptom: str
    """What it does, to follow the release's name and a colon."""
    way_out: str
