"""What a card would run of what is in an image."""

from __future__ import annotations

from gpusetup.doctor.rule import listed
from gpusetup.facts import facts
from gpusetup.facts.find import arch_of, targets
from gpusetup.versions import runs_on


def how_it_runs(code: str, capability: str) -> str:
    """Return what a card would run of what was compiled, ``7.5 8.0 12.0+PTX``; "" for nothing."""
    parts = code.split()
    ptx = next((one.removesuffix("+PTX") for one in parts if one.endswith("+PTX")), "")
    return runs_on([one for one in parts if not one.endswith("+PTX")], ptx, capability)


def has_target(series: str, capability: str) -> bool:
    """Say whether a CUDA series can have code for a card; raises `UnreadError` for one that no table knows."""
    row = arch_of(facts(), capability)
    listed([row] if row else [], f"compute capability {capability}")
    return targets(facts(), series, capability)
