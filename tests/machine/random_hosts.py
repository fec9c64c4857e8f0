"""Random hosts: a whole machine as a folder in which anything may be missing, cut, spoilt, looped or forbidden.

``benchmarks/random_hosts.py`` reads ten thousand of them; the tests take a few dozen.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.rule import Rule
from gpusetup.machine.host import Host as FolderHost
from gpusetup.machine.model import NOT_RECORDED, Machine
from gpusetup.machine.nvml.client import nothing
from gpusetup.machine.read import read
from gpusetup.machine.without_driver import read_beside
from gpusetup.value import to_json
from tests.fake_host import WHOLE, Link, grow

NOBODY = 65534
SPOILS = ("keep", "drop", "empty", "cut", "noise", "huge", "minus", "bytes", "nul", "folder", "fifo", "loop", "locked")
"""What may happen to one file."""

LATE = (
    "fnmatch",
    "gpusetup.machine.child",
    "gpusetup.machine.nvml.driver",
    "gpusetup.machine.sandbox",
    "lzma",
    "pynvml",
    "shlex",
    "tomllib",
    "zlib",
)
"""What is imported only where it is needed, perhaps by a user who may not read our interpreter's files."""

MEMORY = "/dev/shm"
"""Making and removing hundreds of small files takes a hundred times as long on a disk."""

Host = dict[str, tuple[str, bytes]]
"""Path → what happens to it, and the bytes to do it with; all other files are as they should be."""

CROWDED = ("lib/modules", "usr/lib64/python3.14/site-packages", "sys/bus/pci/devices", "etc/modprobe.d", "dev")
"""Folders in which an entry of any name appears."""
MOST = 80


def hosts() -> st.SearchStrategy[Host]:
    """Return a strategy of hosts: of a whole machine's files some meet a fate, and a failing host has few of them."""
    fate = st.tuples(st.sampled_from(list(WHOLE)), st.tuples(st.sampled_from(SPOILS), st.binary(max_size=24)))
    fates = st.integers(0, MOST).flatmap(lambda many: st.lists(fate, min_size=many, max_size=many))
    names = st.tuples(*(st.binary(min_size=1, max_size=12) for _ in CROWDED))
    return st.builds(_host, fates, names)


def _host(spoilt: list[tuple[str, tuple[str, bytes]]], names: tuple[bytes, ...]) -> Host:
    named = zip(CROWDED, names, strict=True)
    return dict(spoilt) | {f"/{folder}": ("name", name) for folder, name in named}


@contextmanager
def whole_host() -> Iterator[Path]:
    """Plant the whole machine once: every random host is made of it and taken back."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="gpusetup-random-", dir=memory) as at:
        folder = grow(Path(at), WHOLE)
        folder.chmod(0o755)
        _load_everything(folder)
        yield folder


def meet(host: Host, folder: Path) -> Machine:
    """Let `host` come about in `folder`, read it and let the doctor judge it.

    Raises AssertionError when either fails on it.
    """
    with _spoilt_host(host, folder), _ordinary_user():
        machine = read(folder, 10)
        assert msgspec.json.decode(to_json(machine), type=Machine) == machine
        for finding in examine(machine, _rules()):
            assert not any("is at fault" in line for line in finding.evidence), finding
    return machine


@cache
def _rules() -> tuple[Rule, ...]:
    return tuple(all_rules().values())


def _load_everything(folder: Path) -> None:
    """Import whatever a read imports while we are still who we are."""
    for name in LATE:
        importlib.import_module(name)
    read_beside(FolderHost(folder), lambda: nothing(NOT_RECORDED))  # as the child does, whose imports are not ours
    examine(read(folder, 10), _rules())


@contextmanager
def _spoilt_host(host: Host, folder: Path) -> Iterator[None]:
    """Make `host` of the whole machine in `folder`, and make that whole again."""
    fates = {folder / path.lstrip("/"): (path, *fate) for path, fate in host.items()}
    new: list[bytes] = []
    try:
        # a folder that nobody may open comes last
        for place, (path, fate, noise) in sorted(fates.items(), key=lambda one: WHOLE.get(one[1][0], "") is None):
            if fate == "name":
                new += _name(place, noise)
            elif fate == "drop":
                _remove(place)
            elif not isinstance(WHOLE[path], Link):
                _spoil(place, fate, noise)
        yield
    finally:
        for name in new:
            os.rmdir(name)
        for place, (path, fate, _) in fates.items():
            if fate != "name":
                _mend(folder, place, path)


def _mend(folder: Path, place: Path, path: str) -> None:
    if place.is_dir() and WHOLE[path] is None:
        place.chmod(0o755)
        return
    _remove(place)
    grow(folder, {path: WHOLE[path]})


def _remove(place: Path) -> None:
    """Remove a file and the folders that had nothing else; a folder only where nothing is in it."""
    if not place.is_dir() or place.is_symlink():
        place.unlink(missing_ok=True)
        place = place.parent
    with suppress(OSError):
        os.removedirs(place)


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


def _name(folder: Path, noise: bytes) -> Iterator[bytes]:
    """Make an entry of that name, and yield where."""
    name = noise.replace(b"/", b"-").replace(b"\0", b"-")
    if folder.is_dir() and os.access(folder, os.W_OK) and name not in {b".", b".."}:
        place = os.path.join(os.fsencode(folder), name)
        if not os.path.lexists(place):
            os.mkdir(place)
            yield place


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
