"""Asks the index that pip is configured for, through pip itself: versions and metadata, never a wheel.

With an index that serves metadata apart from the wheels (PEP 658), ``pip install --dry-run --no-deps`` reads some
kilobytes where the wheel has gigabytes. pip 25.2 or newer is needed for ``pip index versions --json``.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

from gpusetup.errors import CannotLookError, MissingError

PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(5, 40)] + [
    "manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64",
]  # fmt: skip
LINUX = {"platform_system": "Linux", "sys_platform": "linux", "platform_machine": "x86_64", "extra": ""}


@functools.cache
def versions(package: str) -> list[str]:
    """Return the final releases of `package` that are not local builds, newest first."""
    known = json.loads(_pip("index", "versions", package, "--json"))["versions"]
    return [text for text in known if not (Version(text).is_prerelease or Version(text).local)]


@functools.cache
def metadata(package: str, version: str, python: str) -> dict[str, Any] | None:
    """Return the metadata of the Linux wheel of one release for one Python, None when there is no such wheel."""
    with tempfile.TemporaryDirectory() as nowhere:
        quietly = ["--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-", "--target", nowhere]
        wheel = ["--only-binary", ":all:", "--python-version", python, *_platforms()]
        try:
            text = _pip("install", *quietly, *wheel, f"{package}=={version}")
        except CannotLookError as error:
            if "No matching distribution" in error.message:
                return None
            raise
    (found,) = json.loads(text)["install"]
    result: dict[str, Any] = found["metadata"]
    return result


def pins(meta: dict[str, Any], python: str, extra: str = "") -> dict[str, str]:
    """Return what the wheel requires on Linux: name → conditions (``==9.20.0.48``), for one extra alone if given."""
    found: dict[str, str] = {}
    for text in meta.get("requires_dist", []):
        requirement = Requirement(text)
        surroundings = LINUX | {"python_version": python, "python_full_version": f"{python}.0"}
        marked = requirement.marker is None or requirement.marker.evaluate(surroundings | {"extra": extra})
        plain = requirement.marker is None or requirement.marker.evaluate(surroundings)
        if marked and not (extra and plain):
            found[requirement.name] = str(requirement.specifier)
    return found


def _platforms() -> list[str]:
    return [word for platform in PLATFORMS for word in ("--platform", platform)]


def _pip(*args: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if "no such option: --json" in done.stderr:
        raise MissingError("this pip cannot print versions as JSON", f"{sys.executable} -m pip install --upgrade pip")
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        raise CannotLookError(f"pip {args[0]} {args[-1]}: {last[-1]}")
    return done.stdout
