"""What an earlier collection left in its file: the hosts that are whole, and need not be asked again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.files import MOST, read


class Kept(NamedTuple):
    """The hosts, and their lines."""

    names: frozenset[str]
    lines: bytes


class _Line(msgspec.Struct):
    host: str
    error: str = ""


NOTHING = Kept(frozenset(), b"")
_DECODER = msgspec.json.Decoder(_Line)
_MOST = 64 * MOST


def kept(file: Path) -> Kept:
    """Return what is whole in `file`; a line with an error, or that was cut off, is left out.

    Raises `WrongInputError` where the file is something else.
    """
    try:
        if not file.exists():
            return NOTHING
    except OSError as error:
        raise WrongInputError(f"cannot look for {file}: {error.strerror}") from error
    names, lines = set[str](), list[bytes]()
    for number, line in enumerate(io.BytesIO(read(file, "the collection", _MOST)), start=1):
        if not line.endswith(b"\n"):
            continue  # the collection was ended while it wrote
        try:
            one = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            advice = "choose another file"
            raise WrongInputError(f"{file}, line {number} is not of a collection: {error}", advice) from error
        if not one.error:
            names.add(one.host)
            lines.append(line)
    return Kept(frozenset(names), b"".join(lines))
