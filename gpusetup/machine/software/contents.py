"""What is installed in one root file system, printed as JSON: a program of its own, run by the host's Python.

Given folders, it lists the Python distributions in them; without any, those of gpusetup's environments, or its own. It
imports nothing but the standard library, since the host's Python may have nothing else. Images are read with the same
functions, and run nothing (``machine/image/installed.py``).
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

PLACE = Path("/opt/gpusetup")
LONG = 80
"""A licence field with more than a name in it is the licence's text."""
RPM = ["rpm", "-qa", "--queryformat", "%{NAME}\t%{EVR}\t%{ARCH}\t%{LICENSE}\n"]
KEY = "gpg-pubkey"
DEB = ["dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${Architecture}\t\n"]


def main(folders: list[str]) -> None:
    """Print the wheels in `folders`, and the distribution's packages."""
    environments = [str(path) for path in sorted(PLACE.glob("*/lib/python*/site-packages"))]
    found = folders or environments or [path for path in sys.path if path.endswith("-packages")]
    wheels = [wheel(one, folder) for folder in found for one in distributions(path=[folder])]
    said: dict[str, object] = {"wheels": [one for one in wheels if one["name"]]}  # one that was half removed has none
    said["packages"] = packages("rpm", RPM) or packages("deb", DEB)
    said["hashes"] = hashes()
    said["distribution"], said["release"] = distribution()
    json.dump(said, sys.stdout)


def wheel(one: Distribution, folder: str) -> dict[str, str]:
    """Return what a distribution's metadata says of itself; of its licences the shortest way it puts them."""
    classifiers = [line.rpartition("::")[2].strip() for line in said_of(one, "Classifier") if "License ::" in line]
    stated = "".join(said_of(one, "License")[:1]).strip()
    return {
        "name": normal("".join(said_of(one, "Name")[:1])),
        "version": "".join(said_of(one, "Version")[:1]),
        "spdx": "".join(said_of(one, "License-Expression")[:1]),
        "licence": stated if stated and len(stated) < LONG and "\n" not in stated else " AND ".join(classifiers),
        "folder": folder,
    }


def said_of(one: Distribution, field: str) -> list[str]:
    """Return what the metadata says in `field`, which may be there several times, or no metadata at all."""
    about: Any = one.metadata  # None in newer Pythons where there is none
    return list((about.get_all(field) if about is not None else None) or [])


def normal(name: str) -> str:
    """Return `name` as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(kind: str, command: list[str]) -> list[dict[str, str]]:
    """Return the packages that a package manager lists, none where it is not there; rpm lists keys among them."""
    if shutil.which(command[0]) is None:
        return []
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    fields = ("name", "version", "architecture", "licence")
    whole = [row for row in rows if len(row) == len(fields) and row[0] != KEY]
    return [dict(zip(fields, row, strict=True)) | {"kind": kind} for row in whole]


def distribution() -> tuple[str, str]:
    """Return what the system calls itself, and its release; "" where it does not say."""
    try:
        about = platform.freedesktop_os_release()
    except OSError:
        return "", ""
    return about.get("ID", ""), about.get("VERSION_ID", "")


def os_release(text: str) -> dict[str, str]:
    """Return the fields of an os-release file, without quotes around them."""
    rows = (line.strip().partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {
        name: value[1:-1] if value[:1] in {'"', "'"} and value[:1] == value[-1:] else value for name, _, value in rows
    }


def hashes(place: Path = PLACE) -> dict[str, str]:
    """Return the SHA-256 of each wheel that gpusetup's images wrote down when they were built, by name==version."""
    found = {}
    for path in place.glob("*/wheels.txt"):
        for line in path.read_text().splitlines():
            pinned, _, digest = line.partition(" --hash=sha256:")
            name, _, version = pinned.partition("==")
            found[f"{normal(name)}=={version}"] = digest
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
