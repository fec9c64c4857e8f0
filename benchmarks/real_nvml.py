"""What NVIDIA's own libnvidia-ml.so says on this machine, and what detection and the doctor make of it.

Takes ``libnvidia-ml1`` from the non-free part of the Debian release that apt is set up for, unpacks it into a folder
(nothing is installed) and lets the loader find it there. Exits 1 when the driver's absence is not reported by name;
0 with a message where the package is not available.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

GPUSETUP = str(Path(sys.executable).with_name("gpusetup"))
PACKAGE = "libnvidia-ml1"
WHICH = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Identifier: Packages"]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        library = _fetch(Path(folder))
        if library is None:
            print(f"{PACKAGE} is not available here: nothing was tested")
            return 0
        nodes = set(Path("/dev").glob("nvidia*"))
        try:
            return _try(library)
        finally:  # run by root, the library makes the driver's nodes, for a driver that is not there
            for node in set(Path("/dev").glob("nvidia*")) - nodes:
                print(f"removed {node}, which the library has made")
                node.unlink()


def _try(library: Path) -> int:
    env = os.environ | {"LD_LIBRARY_PATH": str(library.parent)}
    machine = json.loads(subprocess.run([GPUSETUP, "detect"], env=env, capture_output=True, check=True).stdout)
    done = subprocess.run([GPUSETUP, "doctor", "--json"], env=env, capture_output=True, text=True, check=False)
    states = {one["rule"]: one["state"] for one in json.loads(done.stdout)["findings"]}
    print(f"library: {library.resolve().name}")
    print(f"GPUs: {json.dumps(machine['gpus'])}")
    print(f"doctor: exit {done.returncode}, GPU001 {states['GPU001']}, stderr {done.stderr!r}")
    named = machine["gpus"].get("code") == 9 if isinstance(machine["gpus"], dict) else True
    return 0 if named and states["GPU001"] in {"warning", "ok"} and not done.stderr else 1


def _fetch(folder: Path) -> Path | None:
    """Download and unpack the package by apt's own ways, with lists of our own; None when that is impossible."""
    try:
        site, release = subprocess.run(WHICH, capture_output=True, text=True, check=True).stdout.split("\n")[0].split()
        (folder / "sources.list").write_text(f"deb {site} {release} non-free\n")
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        places = {"Etc::sourcelist": "sources.list", "State::lists": "lists", "Cache": "cache"}
        options = ["-o", "Dir::Etc::sourceparts=/dev/null"]
        for name, place in places.items():
            options += ["-o", f"Dir::{name}={folder / place}"]
        for command in (["update"], ["download", PACKAGE]):
            subprocess.run(["apt-get", *options, *command], cwd=folder, capture_output=True, timeout=300, check=True)
        subprocess.run(["dpkg-deb", "-x", next(folder.glob("*.deb")), folder / "root"], check=True)
    except (OSError, ValueError, StopIteration, subprocess.SubprocessError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return None
    return next((folder / "root").rglob("libnvidia-ml.so.1"), None)


if __name__ == "__main__":
    sys.exit(main())
