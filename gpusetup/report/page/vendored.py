"""The library that draws charts: Vega, Vega-Lite and Vega-Embed as one file.

It is made once, when the package is built, by the Python package that holds it, so that no copy is kept in the
repository. Its licences are in ``vendor/LICENCES.txt``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from gpusetup.errors import MissingError

PACKAGE = "vl-convert-python==1.9.0.post1"
"""It carries Vega 6.2.0, Vega-Lite 6.4 and Vega-Embed 7.0.2, as its own functions say (2026-11-30)."""
SHA256 = "373b1f84072b31010f15ceb787be6b415c53936411aae267c8c2b2b6ccde46e7"
SNIPPET = "window.vegaEmbed = vegaEmbed;"
FILE = Path(__file__).parent / "vendor" / "charts.js"


def is_made() -> bool:
    """Say whether the library is there, in this version."""
    return FILE.is_file() and _digest(FILE.read_bytes()) == SHA256


def make() -> Path:
    """Write the library, unless it is there, and return its path.

    Raises `MissingError` when the package gives other bytes than those that were examined.
    """
    if is_made():
        return FILE
    from vl_convert import javascript_bundle  # of the build, not of the command

    raw = javascript_bundle(SNIPPET).encode()
    if _digest(raw) != SHA256:
        raise MissingError(f"{PACKAGE} gives another chart library than expected: SHA-256 {_digest(raw)}")
    FILE.parent.mkdir(exist_ok=True)  # git keeps no empty folder
    FILE.write_bytes(raw)
    return FILE


def library() -> str:
    """Return the library's text; raises `MissingError` where the build has not made it."""
    try:
        return FILE.read_text(encoding="utf-8")
    except OSError as error:
        raise MissingError(f"the chart library is missing: {FILE}", "install gpusetup again") from error


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
