"""Asks the index that pip is configured for, through pip itself: versions and metadata, never a wheel.

With an index that serves metadata apart from the wheels (PEP 658), ``pip install --dry-run --no-deps`` reads some
kilobytes where the wheel has gigabytes. A pip before 25.2 would download the wheel all the same, so it is refused: it
has no ``pip index versions --json``, which is always asked first.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.version import Version

from gpusetup.errors import CannotLookError, MissingError

PYTHONS = [f"3.{minor}" for minor in range(7, 16)]
GLIBC = [f"manylinux_2_{minor}" for minor in range(5, 40)] + ["manylinux1", "manylinux2010", "manylinux2014"]
"""Every tag that a Linux wheel of these packages may bear, without the machine."""
LINUX = {"platform_system": "Linux", "sys_platform": "linux", "platform_machine": "x86_64", "extra": ""}


class _NothingFoundError(CannotLookError):
    pass


@functools.cache
def versions(package: str) -> list[str]:
    """Return the final releases of `package` that have a Linux wheel and are no local builds, newest first.

    pip lists what one Python could install, so every Python is asked about.
    """
    known = {text for python in PYTHONS for text in versions_for(package, python)}
    final = [text for text in known if not (Version(text).is_prerelease or Version(text).local)]
    if not final:
        raise CannotLookError(f"the index knows no release of {package}")
    return sorted(final, key=Version, reverse=True)


def metadata(package: str, version: str, python: str) -> dict[str, Any] | None:
    """Return the metadata of the Linux wheel of one release for one Python, None when there is no such wheel."""
    found = _report(package, version, python)
    return found["metadata"] if found else None


def wheel(package: str, version: str, python: str) -> tuple[str, str] | None:
    """Return file name and SHA-256 of that wheel as the index states them; None when it has no such wheel or no hash.

    A wheel that pip found in a folder of this machine (``find-links``) is none of the index's.
    """
    found = _report(package, version, python)
    if found is None or found["download_info"]["url"].startswith("file:"):
        return None
    sha256 = found["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256", "")
    name = unquote(urlsplit(found["download_info"]["url"]).path.rpartition("/")[2])
    return (name, sha256) if sha256 else None


def pins(meta: dict[str, Any], python: str, extra: str = "") -> dict[str, str]:
    """Return what the wheel requires on Linux: name → conditions (``==9.20.0.48``), for one extra alone if given."""
    found: dict[str, str] = {}
    for text in meta.get("requires_dist", []):
        requirement = Requirement(text)
        surroundings = LINUX | {"python_version": python, "python_full_version": f"{python}.0"}
        marked = requirement.marker is None or requirement.marker.evaluate(surroundings | {"extra": extra})
        plain = requirement.marker is None or requirement.marker.evaluate(surroundings)
        if marked and not (extra and plain):
            found[requirement.name] = ",".join(sorted(map(str, requirement.specifier), reverse=True))
    return found


def address(package: str, version: str, python: str, machine: str = "x86_64") -> str:
    """Return where the index has the Linux wheel of one release for one Python, "" when there is no such wheel."""
    found = _report(package, version, python, machine)
    return str(found["download_info"]["url"]) if found else ""


@functools.cache
def _report(package: str, version: str, python: str, machine: str = "x86_64") -> dict[str, Any] | None:
    """Return what pip would install, None when there is nothing; ``===`` since ``==`` would take local builds too."""
    if version not in versions_for(
        package, python, machine
    ):  # this also refuses an old pip before it downloads anything
        return None
    with tempfile.TemporaryDirectory() as nowhere:
        quietly = ["--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-", "--target", nowhere]
        text = _pip("install", *quietly, *_wheel_for(python, machine), f"{package}==={version}")
    (found,) = json.loads(text)["install"]
    return dict(found)


@functools.cache
def versions_for(package: str, python: str, machine: str = "x86_64") -> tuple[str, ...]:
    """Return every release that one Python could install, local builds and pre-releases among them."""
    try:
        return tuple(json.loads(_pip("index", "versions", *_wheel_for(python, machine), package, "--json"))["versions"])
    except _NothingFoundError:
        return ()


def _wheel_for(python: str, machine: str) -> list[str]:
    tags = [word for glibc in GLIBC for word in ("--platform", f"{glibc}_{machine}")]
    return ["--only-binary", ":all:", "--python-version", python, *tags]


def _pip(*args: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode == 0:
        return done.stdout
    if "no such option" in done.stderr:
        raise MissingError("this pip would download whole wheels", f"{sys.executable} -m pip install 'pip>=25.2'")
    if "No matching distribution" in done.stderr:
        raise _NothingFoundError(f"pip {args[0]}: nothing found")
    last = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
    raise CannotLookError(f"pip {args[0]} {args[-1]}: {last[-1]}")
