"""What a card would run of what is in an image."""

from __future__ import annotations

from gpusetup.versions import runs_on


def how_it_runs(code: str, capability: str) -> str:
    """Return what a card would run of what was compiled, ``7.5 8.0 12.0+PTX``; "" for nothing."""
    parts = code.split()
    ptx = next((one.removesuffix("+PTX") for one in parts if one.endswith("+PTX")), "")
    return runs_on([one for one in parts if not one.endswith("+PTX")], ptx, capability)
