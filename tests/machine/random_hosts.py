"""Random hosts: a whole machine as a folder in which anything may be missing, cut, spoilt, looped or forbidden.

``benchmarks/random_hosts.py`` reads ten thousand of them; the tests take a few dozen.
"""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from gpusetup.doctor.catalogue import all_rules
from gpusetup.doctor.examine import examine
from gpusetup.machine.model import Machine
from gpusetup.machine.read import read
from gpusetup.value import to_json
from tests.fake_host import WHOLE, Link, grow

NOBODY = 65534
SPOILS = ("keep", "drop", "empty", "cut", "noise", "huge", "minus", "bytes", "nul", "folder", "fifo", "loop", "locked")
"""What may happen to one file."""

MEMORY = "/dev/shm"
"""Making and removing hundreds of small files takes a hundred times as long on a disk."""

Host = dict[str, tuple[str, bytes]]
"""Path → what happens to it, and the bytes to do it with."""


def hosts() -> st.SearchStrategy[Host]:
    """Return a strategy of hosts: every file of a whole machine meets its own fate, most often none."""
    fate = st.one_of(st.just("keep"), st.just("keep"), st.sampled_from(SPOILS))
    return st.fixed_dictionaries(
        {path: st.tuples(fate, st.binary(max_size=24)) for path in WHOLE}
        | {f"/{folder}": st.tuples(st.just("name"), st.binary(min_size=1, max_size=12)) for folder in CROWDED}
    )


CROWDED = ("lib/modules", "usr/lib64/python3.14/site-packages", "sys/bus/pci/devices", "etc/modprobe.d", "dev")
"""Folders in which an entry of any name appears."""


def meet(host: Host) -> Machine:
    """Read `host` and let the doctor judge it; raises AssertionError when either fails on it."""
    _load_everything()
    folder = Path(tempfile.mkdtemp(prefix="gpusetup-random-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    try:
        _plant(folder, host)
        with _ordinary_user():
            machine = read(folder, 10)
            assert msgspec.json.decode(to_json(machine), type=Machine) == machine
            for finding in examine(machine, all_rules().values()):
                assert not any("is at fault" in line for line in finding.evidence), finding
    finally:
        _open(folder)
        shutil.rmtree(folder)
    return machine


@cache
def _load_everything() -> None:
    """Import whatever a read imports while we are still who may read our interpreter's files."""
    for name in ("ctypes", "lzma", "zlib", "pynvml"):
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as empty:
        examine(read(Path(empty), 10), all_rules().values())


def _plant(folder: Path, host: Host) -> None:
    grow(folder, {path: content for path, content in WHOLE.items() if host[path][0] != "drop"})
    for path, (fate, noise) in host.items():
        place = folder / path.lstrip("/")
        if fate == "name":
            _name(place, noise)
        elif fate not in {"keep", "drop"} and not isinstance(WHOLE[path], Link):
            _spoil(place, fate, noise)
    folder.chmod(0o755)


def _spoil(place: Path, fate: str, noise: bytes) -> None:
    if place.is_dir():
        place.chmod(0o000 if fate == "locked" else 0o755)
        return
    content = place.read_bytes()
    place.unlink()
    match fate:
        case "folder":
            place.mkdir()
        case "fifo":
            os.mkfifo(place)
        case "loop":
            place.symlink_to(place.name)
        case _:
            place.write_bytes(_spoilt(content, fate, noise))
            place.chmod(0o000 if fate == "locked" else 0o644)


def _spoilt(content: bytes, fate: str, noise: bytes) -> bytes:
    at = noise[0] % (len(content) + 1) if noise else 0
    return {
        "empty": b"",
        "cut": content[:at],
        "noise": content[:at] + noise + content[at:],
        "huge": b"9" * 5000 + b"\n",
        "minus": b"-1\n",
        "bytes": noise,
        "nul": content[:at] + b"\0" * 9 + content[at:],
    }.get(fate, content)


def _name(folder: Path, noise: bytes) -> None:
    name = noise.replace(b"/", b"-").replace(b"\0", b"-")
    if folder.is_dir() and os.access(folder, os.W_OK) and name not in {b".", b".."}:
        place = os.path.join(os.fsencode(folder), name)
        if not os.path.lexists(place):
            os.mkdir(place)


@contextmanager
def _ordinary_user() -> Iterator[None]:
    """Root may read everything, so that nothing would be forbidden."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def _open(folder: Path) -> None:
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o755)
