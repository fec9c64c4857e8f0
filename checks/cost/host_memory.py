"""The most memory that this process has held."""

from __future__ import annotations

import resource

_KIB = 1024


def peak_resident() -> float:
    """Return bytes (getrusage(2): ``ru_maxrss`` is in KiB on Linux). The framework itself is part of it."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB)
