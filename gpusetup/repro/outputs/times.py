"""Times, durations and addresses in what is compared: they are no results."""

from __future__ import annotations

import re

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
ADDRESSES = {"shared_object_id"}
"""Keys whose values are addresses: Keras tells objects that are saved together by id() (serialization_lib.py)."""
_WORDS = re.compile(r"[A-Za-z]+")


def masked(text: str) -> str:
    """Return `text` with `MASK` for each time of day, date, duration, rate and address in it."""
    return _TIMES.sub(MASK, text)


def is_time(name: str) -> bool:
    """Say whether a key or column is called as times are, such as ``train_time`` or ``wallTime``, or is an address."""
    return name in ADDRESSES or any(
        word.lower() in _TIME_WORDS for word in _WORDS.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", name))
    )
