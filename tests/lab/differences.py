"""Prints as JSON what differs under the upper folder of an overlay from what lies below it: path → SHA-256 or kind.

Started inside the lab's namespaces as ``python differences.py UPPER LOWER [strict]``.
"""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

# They record that something ran, or stand in another form in the list of packages.
VOLATILE = (
    "etc/ssl/certs/ca-certificates.crt",  # has the lab's own certificate, and this machine may renew it any time
    "etc/ld.so.cache",
    "root/.rpmdb",
    "root/.cache",
    "root/.gnupg",
    "root/.local",
    "root/recipe.sh",
    "srv/trace",
    "run",
    "tmp",
    "usr/lib/sysimage",
    "var/cache",
    "var/lib/dnf",
    "var/lib/gpusetup/journal.jsonl",
    "var/lib/gpusetup/lock",
    "var/lib/gpusetup/recipes",
    "var/lib/rpm",
    "var/log",
    "var/tmp",
)


def differences(upper: Path, lower: Path, *, strict: bool) -> dict[str, str]:
    return dict(sorted(_walk(upper, upper, lower, () if strict else VOLATILE)))


def _walk(folder: Path, upper: Path, lower: Path, skipped: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in folder.iterdir():
        name = str(path.relative_to(upper))
        if name in skipped or (skipped and path.name == "__pycache__"):
            continue
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            if not (lower / name).is_dir() and name != "var/lib/gpusetup":
                yield f"/{name}", f"folder {stat.S_IMODE(mode):o}"
            yield from _walk(path, upper, lower, skipped)
        elif stat.S_ISREG(mode):
            yield f"/{name}", f"{stat.S_IMODE(mode):o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        else:
            yield f"/{name}", f"link to {path.readlink()}" if stat.S_ISLNK(mode) else "removed"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(differences(Path(sys.argv[1]), Path(sys.argv[2]), strict="strict" in sys.argv[3:])))
