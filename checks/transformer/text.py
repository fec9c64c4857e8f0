"""The text: letters to numbers, lines to batches, and what is asked of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

ALPHABET = "\nabcdefghijklmnopqrstuvwxyz ,.-"
PADDING, HIDDEN = 0, 1
LETTERS = len(ALPHABET) + 2
LONGEST = 48

Integers = NDArray[np.int64]


class Batch(NamedTuple):
    """Letters (n, t), padded on the right, and which letter is asked for at each place, 0 where none is."""

    letters: Integers
    targets: Integers


def read_lines() -> list[Integers]:
    """Return every line as numbers."""
    text = Path(__file__).with_name("text.txt").read_text("utf-8").lower()
    return [encode(line) for line in text.splitlines() if not line.startswith("#")]


def encode(text: str) -> Integers:
    """Return the number of each letter of `text`."""
    return np.array([ALPHABET.index(letter) + 2 for letter in text])


def pad(rows: list[Integers], more: int = 0) -> Integers:
    """Return `rows` as one array (n, longest + `more`), padded on the right."""
    padded = np.full((len(rows), max(map(len, rows)) + more), PADDING)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return padded


def ask_next(lines: list[Integers]) -> Batch:
    """Ask at each place for the letter that follows; a line begins and ends with the letter newline."""
    newline = encode("\n")
    whole = [np.concatenate([newline, line, newline]) for line in lines]
    return Batch(pad([line[:-1] for line in whole]), pad([line[1:] for line in whole]))


def ask_hidden(lines: list[Integers], seed: int, stream: str) -> Batch:
    """Hide about one letter in four, at least the first of each line, and ask for those."""
    letters = pad(lines)
    hidden = integers(seed, stream, letters.shape, bits=2) == 0
    hidden[:, 0] = True
    hidden &= letters != PADDING
    return Batch(np.where(hidden, HIDDEN, letters), np.where(hidden, letters, PADDING))
