"""Reads what was saved of many hosts: files, folders of files, and streams with a document on each line.

What is in them may be anything, and so may the files be: only regular ones are read, each within bounds. One that
cannot be used is noted with its host, which is then unknown; it never ends the reading.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.errors import WrongInputError
from gpusetup.files import MOST, STDIO
from gpusetup.fleet.decode import Piece, Refused, pieces
from gpusetup.fleet.host import Host, Reducer
from gpusetup.fleet.links.model import Record
from gpusetup.fleet.model import Spoilt
from gpusetup.fleet.partial import Machine, Report
from gpusetup.fleet.properties import Rows
from gpusetup.text import neutral

if TYPE_CHECKING:
    from typing import BinaryIO

SUFFIX, STREAMS = ".json", (".jsonl", ".ndjson")
MOST_FILES = 1_000_000
_TOO_LARGE = f"it has more than {MOST >> 20} MiB"
_ARRAY = "it is an array: give a document on each line, as jq -c '.[]' writes them"
_DEPTH = 4
_MOST_REFUSED = 20
"""Reasons that are kept of one host."""
_KINDS = ("machine", "detect", "doctor", "report", "proof", "selftest", "result", "gpusetup")
"""Words of a file's name that say what it is, and not of which host."""
WHAT = (
    "give machines (gpusetup detect -o HOST.json), reports (gpusetup doctor --json) and proofs (gpusetup selftest "
    "--save) of many hosts, as a folder, files or lines of JSON"
)

Extra = Callable[[Host, bytes], None]
"""What else is made of a machine's JSON: the expectations."""
Watch = Callable[[Host, Piece], None]
"""What else is made of every document that could be read: the store's notes."""


class Document(NamedTuple):
    """One document: where it is from, of which host by that place, and its bytes or why there are none."""

    source: str
    host: str
    raw: bytes | Refused
    stream: str = ""
    """The stream that it is a line of: the lines of one that name no host are not a host each."""


class Gathered(NamedTuple):
    """All hosts, the inputs that could not be used, and what hosts measured together."""

    hosts: dict[str, Host]
    spoilt: tuple[Spoilt, ...]
    links: tuple[Record, ...] = ()


def gather(paths: Sequence[Path], extra: Extra | None = None, watch: Watch | None = None) -> Gathered:
    """Return the hosts of which something was saved at `paths` (``-`` is standard input).

    Raises `WrongInputError` where a path itself cannot be read, or there is no document at all.
    """
    hosts: dict[str, Host] = {}
    spoilt: list[Spoilt] = []
    links: list[Record] = []
    reducer, count, others = Reducer(Rows()), 0, list[str]()
    for document in _documents(paths):
        count += 1
        if isinstance(document.raw, Refused):
            _refuse(hosts, spoilt, document, document.host, document.raw.why)
            continue
        for piece in pieces(document.raw):
            own = piece.saved.host if isinstance(piece.saved, Report) else ""
            name = neutral(piece.name or document.host or own or document.source)
            if isinstance(piece.saved, Refused):
                others += [f"{neutral(document.source)}: {piece.saved.why}"] * bool(piece.saved.command)
                _refuse(hosts, spoilt, document, piece.name or document.host, piece.saved.why)
                continue
            if isinstance(piece.saved, Record):
                links.append(piece.saved)
                continue
            host = hosts.setdefault(name, Host(name))
            reducer.add(host, piece.saved)
            if extra is not None and isinstance(piece.saved, Machine):
                extra(host, piece.raw)
            if watch is not None:
                watch(host, piece)
    if others and len(others) == count:
        raise WrongInputError(others[0], WHAT)
    if not count:
        raise WrongInputError(f"there is no report in {', '.join(map(str, paths))}", WHAT)
    return Gathered(hosts, tuple(spoilt), tuple(links))


def _refuse(hosts: dict[str, Host], spoilt: list[Spoilt], document: Document, name: str, why: str) -> None:
    text, name = neutral(why)[:300], neutral(name or document.stream or document.source)
    host = hosts.setdefault(name, Host(name))
    if text not in host.refused and len(host.refused) < _MOST_REFUSED:
        host.refused += (text,)
    spoilt.append(Spoilt(file=neutral(document.source), why=text, host=host.name))


def _documents(paths: Sequence[Path]) -> Iterator[Document]:
    for path in paths:
        if str(path) == STDIO:
            yield from _lines(sys.stdin.buffer, "standard input")
        elif path.is_dir():
            yield from _in_folder(path)
        else:
            yield from _in_file(path, path.parent.resolve().name, required=True)


def _in_folder(folder: Path) -> Iterator[Document]:
    names = sorted(_files(folder, 0))
    if len(names) >= MOST_FILES:
        raise WrongInputError(f"{folder} has more than {MOST_FILES:,} files", "give it in parts")
    top = folder.resolve().name
    for path in names:
        inner = os.path.basename(os.path.dirname(path)) if os.path.dirname(path) != str(folder) else top
        yield from _in_file(Path(path), inner, required=False)


def _files(folder: str | Path, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.name.endswith((SUFFIX, *STREAMS)):
                    yield entry.path
                elif depth < _DEPTH and entry.is_dir(follow_symlinks=False):
                    yield from _files(entry.path, depth + 1)
    except OSError as error:
        if not depth:
            raise WrongInputError(f"cannot read the folder {folder}: {error.strerror}") from error


def _in_file(path: Path, inner: str, *, required: bool) -> Iterator[Document]:
    host = host_of(path.name, inner)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:  # a NUL in a name is a ValueError
        why = error.strerror if isinstance(error, OSError) else str(error)
        if required:
            raise WrongInputError(f"cannot read {path}: {why}", WHAT) from error
        yield Document(str(path), host, Refused(f"cannot be opened: {why}"))
        return
    with _closing(descriptor):
        yield from _opened(descriptor, str(path), host, required=required)


def _opened(descriptor: int, path: str, host: str, *, required: bool) -> Iterator[Document]:
    found = os.fstat(descriptor)
    if required and stat.S_ISFIFO(found.st_mode):  # a pipe of the shell, <(…)
        os.set_blocking(descriptor, True)
    elif not stat.S_ISREG(found.st_mode):
        yield Document(path, host, Refused("it is no regular file"))
        return
    elif not path.endswith(STREAMS):
        large = found.st_size > MOST
        yield Document(path, host, Refused(_TOO_LARGE) if large else _content(descriptor, found.st_size))
        return
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        yield from _lines(stream, path)


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _content(descriptor: int, size: int) -> bytes | Refused:
    try:
        raw = os.read(descriptor, size + 1)
        while chunk := os.read(descriptor, 1 << 20):
            raw += chunk
            if len(raw) > MOST:
                return Refused(_TOO_LARGE)
    except OSError as error:
        return Refused(f"cannot be read: {error.strerror}")
    return raw


def _lines(stream: BinaryIO, source: str) -> Iterator[Document]:
    """Yield each document of a stream: a line, or the lines from a brace alone to the brace that ends them."""
    lines = enumerate(_bounded(stream), start=1)
    for number, line in lines:
        place = f"{source}, line {number}" if number > 1 or not _is_brace(line) else source
        if len(line) > MOST:
            yield Document(place, "", Refused(_TOO_LARGE), source)
        elif line.lstrip().startswith(b"["):
            yield Document(place, "", Refused(_ARRAY), source)
            if number == 1:  # the file is one array; further below it is what one host has written
                return
        elif line.strip():
            yield Document(place, "", _rest(lines, line) if _is_brace(line) else line, source)


def _bounded(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream; of one that is too long a byte too many, and the next ones all the same."""
    while line := stream.readline(MOST + 1):
        part = line
        while len(part) > 0 and len(line) > MOST and not part.endswith(b"\n"):
            part = stream.readline(1 << 20)
        yield line


def _is_brace(line: bytes) -> bool:
    return line.strip() == b"{"


def _rest(lines: Iterator[tuple[int, bytes]], first: bytes) -> bytes | Refused:
    """Return a document of several lines, whose own closing brace alone is not indented."""
    found, size = [first], len(first)
    for _, line in lines:
        found.append(line)
        size += len(line)
        if size > MOST:
            return Refused(_TOO_LARGE)
        if line.rstrip() == b"}":
            break
    return b"".join(found)


def host_of(name: str, inner: str) -> str:
    """Return the host that a file is of: its name without what says its kind, or else its folder's."""
    stem = name.removesuffix(SUFFIX)
    if stem in _KINDS:
        return inner
    for kind in _KINDS:
        for sign in (".", "-", "_"):
            stem = stem.removesuffix(f"{sign}{kind}")
    return stem or inner
