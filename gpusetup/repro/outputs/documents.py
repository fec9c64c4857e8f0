"""Texts, JSON, CSV and TensorBoard's event files, value by value; what looks like a time is left out."""

from __future__ import annotations

import csv
import io
import itertools
import struct

import msgspec

from gpusetup.repro.outputs.item import Item, Leaf, OtherFormatError
from gpusetup.repro.outputs.names import LONGEST
from gpusetup.repro.outputs.times import MASK, is_time, masked
from gpusetup.repro.outputs.values import values


def read_text(raw: bytes) -> list[Item]:
    """Return the lines of a text, times masked; raises `OtherFormatError` for what is none."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise OtherFormatError from error
    if "\0" in text:
        raise OtherFormatError
    return [Leaf(f"line {number}", masked(line)) for number, line in enumerate(text.splitlines(), 1)]


def read_json(raw: bytes) -> list[Item]:
    """Return the values of a JSON document, each by its path."""
    try:
        return values(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError) as error:
        raise OtherFormatError from error


def read_json_lines(raw: bytes) -> list[Item]:
    """Return the values of JSON lines, each by its line and path."""
    try:
        lines = msgspec.json.Decoder().decode_lines(raw)
        return [item for number, line in enumerate(lines, 1) for item in values(line, f"line {number}")]
    except (msgspec.DecodeError, RecursionError) as error:
        raise OtherFormatError from error


def read_csv(raw: bytes, delimiter: str = ",") -> list[Item]:
    """Return the cells of a table, each by its row and column."""
    try:
        rows = list(csv.reader(io.StringIO(raw.decode()), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise OtherFormatError from error
    names = [name[:LONGEST] for name in rows[0]] if rows else []
    return [
        Leaf(f"row {number}, {name}", MASK if is_time(str(name)) and number > 1 else masked(cell))
        for number, row in enumerate(rows, 1)
        for name, cell in zip(itertools.chain(names, itertools.count(len(names) + 1)), row, strict=False)
    ]


def read_events(raw: bytes) -> list[Item]:
    """Return the records of a TensorBoard event file without their times.

    A file of TFRecords (length, checksum, message, checksum), each an ``Event`` whose field 1 is the wall time
    (github.com/tensorflow/tensorflow: core/util/event.proto).
    """
    found, at = list[Item](), 0
    while at + 12 <= len(raw):
        (length,) = struct.unpack_from("<Q", raw, at)
        message = raw[at + 12 : at + 12 + length]
        if len(message) < length:
            break
        if message[:1] == b"\x09":  # field 1, a double
            message = message[9:]
        found.append(Leaf(f"record {len(found)}", message.hex()))
        at += length + 16
    if not found or at != len(raw):
        raise OtherFormatError
    return found
