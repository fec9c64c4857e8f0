"""Reads a record: bytes from anywhere, which can do nothing but be refused."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.files import MOST, read
from gpusetup.fleet.links.model import Record

_DECODER = msgspec.json.Decoder(Record)
WHAT = "give what links.pyz wrote (gpusetup fleet links --program links.pyz makes it)"


def read_record(path: Path) -> Record:
    """Return the record in the file `path`; raises `WrongInputError` where it is none."""
    raw = read(path, "the record of links", MOST)
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongInputError(f"{path} is no record of links: {error}", WHAT) from error
