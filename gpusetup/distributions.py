"""Names of Python distributions."""

from __future__ import annotations

import re


def normal(name: str) -> str:
    """Return a distribution's name as indexes compare it (PEP 503), without its extras."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()
