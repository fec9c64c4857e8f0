"""Names of Python distributions."""

from __future__ import annotations

import re


def normal(name: str) -> str:
    """Return a distribution's name as indexes compare it (PEP 503), without its extras."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def required(line: str) -> str:
    """Return the normalised name of the distribution that a requirement is about: ``Flash_Attn[x]>=2; …``."""
    return normal(re.split(r"[\[=<>!~;@(\s]", line.strip(), maxsplit=1)[0])
