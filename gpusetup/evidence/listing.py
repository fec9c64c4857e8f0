"""What is installed beside a framework, printed as JSON: a program of its own, run by the framework's Python.

It imports nothing but the standard library. A distribution's digest is over the digests that its RECORD has of its
files, so it is the same wherever one wheel is installed: without what an installer adds, compiles or rewrites.
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from typing import Any

_DIGITS = 16
_DESCRIBING = ("METADATA", "WHEEL", "entry_points.txt")
"""Files of a wheel's own in its folder of metadata; INSTALLER, REQUESTED, direct_url.json and others are not."""


def main(names: list[str]) -> None:
    """Print Python's version, and name and version with digest of each distribution, by name.

    Given names, print instead which files of those distributions are not what their RECORD says.
    """
    if names:
        json.dump([file for one in distributions() if _name(one) in names for file in altered(one)], sys.stdout)
        return
    found: dict[str, str] = {}
    for one in distributions():  # the first that a name is found in is the one that is imported
        if name := _name(one):
            found.setdefault(name, f"{one.version} {_digest(one)}".strip())
    json.dump({"python": platform.python_version(), "packages": dict(sorted(found.items()))}, sys.stdout)


def altered(one: Distribution) -> Iterator[str]:
    """Yield the files of a distribution's own that are gone or have another SHA-256 than its RECORD lists."""
    for path in one.files or ():
        if path.hash is None or path.hash.mode != "sha256" or path.suffix == ".pyc" or ".dist-info" in path.parts[0]:
            continue
        try:
            with open(str(path.locate()), "rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            digest = b""
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != path.hash.value:
            yield str(path)


def _name(one: Distribution) -> str:
    about: Any = one.metadata  # None in newer Pythons where there is none
    name = (about["Name"] if about is not None else None) or ""
    return re.sub(r"[-_.]+", "-", name).lower()


def _digest(one: Distribution) -> str:
    """Return ``sha256:…`` over what RECORD says of the wheel's own files, "" where there is none."""
    lines = sorted(
        f"{path} {path.hash.value}"
        for path in one.files or ()
        if path.hash is not None and ".." not in path.parts and path.suffix != ".pyc" and _is_own(path.parts)
    )
    return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:_DIGITS]}" if lines else ""


def _is_own(parts: tuple[str, ...]) -> bool:
    return not parts[0].endswith(".dist-info") or parts[-1] in _DESCRIBING


if __name__ == "__main__":
    main(sys.argv[1:])
