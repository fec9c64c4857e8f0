"""Texts, JSON, CSV and TensorBoard's event files, value by value; what looks like a time is left out."""

from __future__ import annotations

import csv
import io
import itertools
import re
import struct
from collections.abc import Iterator
from typing import Any

import msgspec

from gpusetup.repro.outputs.arrays import OtherFormatError
from gpusetup.repro.outputs.item import Item, Leaf

MASK = "·"
"""What stands for a time in a text that is compared."""
_UNITS = "ns|us|µs|ms|s|sec|secs|second|seconds|min|mins|minute|minutes|h|hours"
_RATES = "it|step|steps|batch|batches|sample|samples|img|imgs|images|tok|tokens|examples|epoch"
_TIMES = re.compile(
    r"\b\d{4}-\d\d-\d\d(?:[T _]\d\d[:.-]\d\d(?:[:.-]\d\d(?:[.,]\d{1,9})?)?)?"  # 2026-11-30 12:00:00,123
    r"|\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?\b"  # 12:00:00, and the 00:04 of a progress bar
    r"|\b\d{1,12}(?:\.\d{1,12})?(?:e-?\d{1,3})? ?(?:" + _UNITS + r")\b(?!/)"
    r"|\b\d{1,12}(?:\.\d{1,12})? ?(?:(?:" + _RATES + r") ?/ ?(?:s|sec|second)|(?:s|ms) ?/ ?(?:" + _RATES + r"))\b"
    r"|\b0x[0-9a-f]{6,16}\b"
)  # fmt: skip
_TIME_WORDS = {
    "time", "times", "timestamp", "datetime", "date", "elapsed", "duration", "seconds", "secs", "sec", "ms", "runtime",
    "walltime", "created", "started", "finished", "updated", "eta", "throughput", "fps", "pid", "hostname",
}  # fmt: skip
_WORDS = re.compile(r"[A-Za-z]+")


def masked(text: str) -> str:
    """Return `text` with `MASK` for each time of day, date, duration, rate and address in it."""
    return _TIMES.sub(MASK, text)


def is_time(name: str) -> bool:
    """Say whether a key or a column is called as times are, such as ``train_time`` or ``wallTime``."""
    return any(word.lower() in _TIME_WORDS for word in _WORDS.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", name)))


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
        return list(_values(msgspec.json.decode(raw), ""))
    except (msgspec.DecodeError, RecursionError) as error:
        raise OtherFormatError from error


def read_json_lines(raw: bytes) -> list[Item]:
    """Return the values of JSON lines, each by its line and path."""
    try:
        lines = msgspec.json.Decoder().decode_lines(raw)
        return [item for number, line in enumerate(lines, 1) for item in _values(line, f"line {number}")]
    except (msgspec.DecodeError, RecursionError) as error:
        raise OtherFormatError from error


def read_csv(raw: bytes, delimiter: str = ",") -> list[Item]:
    """Return the cells of a table, each by its row and column."""
    try:
        rows = list(csv.reader(io.StringIO(raw.decode()), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise OtherFormatError from error
    names = rows[0] if rows else []
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


def _values(value: Any, path: str) -> Iterator[Item]:
    if isinstance(value, dict):
        for key, part in value.items():
            below = f"{path}.{key}" if path else str(key)
            yield from [Leaf(below, MASK)] if is_time(str(key)) else _values(part, below)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _values(part, f"{path}[{number}]")
    else:
        yield Leaf(path, masked(value) if isinstance(value, str) else repr(value))
