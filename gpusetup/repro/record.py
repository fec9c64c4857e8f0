"""What a run has recorded of itself: each of its Pythons has written lines, by the hooks of ``injected/``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from gpusetup.repro.model import Trial

if TYPE_CHECKING:
    from pathlib import Path

CACHE = "__pycache__"


def trial_of(name: str, seconds: float, code: int, record: Path, scratch: Path) -> Trial:
    """Return the run `name` with what its record says; files below `scratch` are in its own folder."""
    processes, packages, failed, threads = set[object](), dict[str, str](), dict[str, str](), False
    pythons, elsewhere, connected, changing = list[str](), list[str](), list[str](), list[str]()
    for line in msgspec.json.Decoder(list[object]).decode_lines(record.read_bytes()):
        match line:
            case ["start", pid, _, str(python)]:
                processes.add(pid)
                pythons.append(python)
            case ["import", _, str(module), str(version)]:
                packages[module] = version
            case ["failed", _, str(axis), str(why)]:
                failed[axis] = why.strip().splitlines()[-1]
            case ["thread", *_]:
                threads = True
            case ["connect", _, str(address)]:
                connected.append(address)
            case ["read", _, str(path)]:
                changing.append(path)
            case ["write", _, str(path)] if not path.startswith(f"{scratch}{os.sep}") and CACHE not in path:
                elsewhere.append(path)
    return Trial(
        name=name, seconds=round(seconds, 2), code=code, processes=len(processes), threads=threads, packages=packages,
        pythons=tuple(dict.fromkeys(filter(None, pythons))),
        elsewhere=tuple(path for path in dict.fromkeys(elsewhere) if os.path.isfile(path)),
        connected=tuple(dict.fromkeys(connected)), changing=tuple(dict.fromkeys(changing)), failed=failed,
    )  # fmt: skip
