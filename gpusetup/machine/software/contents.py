"""What is installed in one root file system, printed as JSON: a program of its own, run by whatever Python is there.

Given folders, it lists the Python distributions in them; without any, those of gpusetup's environments, or its own. It
imports nothing but the standard library, since it is also run inside images that have nothing else.
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

PLACE = Path("/opt/gpusetup")
RPM = ["rpm", "-qa", "--queryformat", "%{NAME}\t%{EVR}\t%{ARCH}\t%{LICENSE}\n"]
DEB = ["dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${Architecture}\t\n"]


def main(folders: list[str]) -> None:
    """Print the wheels in `folders`, and the distribution's packages."""
    environments = [str(path) for path in sorted(PLACE.glob("*/lib/python*/site-packages"))]
    found = folders or environments or [path for path in sys.path if path.endswith("-packages")]
    said: dict[str, object] = {
        "wheels": [wheel(one, folder) for folder in found for one in distributions(path=[folder])]
    }
    said["packages"] = packages("rpm", RPM) or packages("deb", DEB)
    said["hashes"] = hashes()
    said["distribution"], said["release"] = distribution()
    json.dump(said, sys.stdout)


def wheel(one: Distribution, folder: str) -> dict[str, str]:
    """Return what a distribution's metadata says of itself; of its licences the one that says most."""
    about = one.metadata
    classifiers = [line.rpartition("::")[2].strip() for line in about.get_all("Classifier", []) if "License ::" in line]
    stated = first(one, "License").strip()
    return {
        "name": re.sub(r"[-_.]+", "-", about["Name"] or "").lower(),
        "version": about["Version"] or "",
        "spdx": first(one, "License-Expression"),
        "licence": stated if stated and len(stated) < 80 and "\n" not in stated else " AND ".join(classifiers),
        "folder": folder,
    }


def first(one: Distribution, field: str) -> str:
    """Return what the metadata says in `field`, "" when nothing."""
    return next(iter(one.metadata.get_all(field) or ()), "")


def packages(kind: str, command: list[str]) -> list[dict[str, str]]:
    """Return the packages that a package manager lists, none where it is not there."""
    if shutil.which(command[0]) is None:
        return []
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    fields = ("name", "version", "architecture", "licence")
    return [dict(zip(fields, row, strict=True)) | {"kind": kind} for row in rows if len(row) == len(fields)]


def distribution() -> tuple[str, str]:
    """Return what the system calls itself, and its release; "" where it does not say."""
    try:
        about = platform.freedesktop_os_release()
    except OSError:
        return "", ""
    return about.get("ID", ""), about.get("VERSION_ID", "")


def hashes() -> dict[str, str]:
    """Return the SHA-256 of each wheel that gpusetup's images wrote down when they were built, by name==version."""
    found = {}
    for path in PLACE.glob("*/wheels.txt"):
        for line in path.read_text().splitlines():
            pinned, _, digest = line.partition(" --hash=sha256:")
            name, _, version = pinned.partition("==")
            found[f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"] = digest
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
