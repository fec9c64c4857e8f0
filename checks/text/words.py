"""Words to pieces and back: WordPiece's greedy search, a vocabulary, and the sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

UNKNOWN = "[UNK]"
ENDINGS = ("##s", "##es", "##ed", "##er", "##ize", "##izer", "##izers")


class Sentence(NamedTuple):
    """Whether it is learned or asked for, what the word means in it, and its words."""

    use: str
    meaning: str
    text: str


def read_sentences() -> list[Sentence]:
    """Read the table."""
    lines = Path(__file__).with_name("sentences.tsv").read_text("utf-8").splitlines()
    return [Sentence(*line.split("\t")) for line in lines if line[:1] != "#"]


def vocabulary(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Return the pieces: endings, and every word, those of more than three letters without an s at their end."""
    words = {word for one in sentences for word in one.text.split()} | {"token"}
    return (*ENDINGS, *sorted({word.removesuffix("s") if len(word) > 3 else word for word in words}))


def split(word: str, pieces: Sequence[str]) -> list[str]:
    """Return the pieces of a word: the longest that fits, from the left; later ones begin with ##.

    A word of which no piece fits somewhere is unknown as a whole (Wu et al. 2016, section 4.1, as in BERT).
    """
    found: list[str] = []
    start = 0
    while start < len(word):
        ends = range(len(word), start, -1)
        tried = (("##" if start else "") + word[start:end] for end in ends)
        piece = next((one for one in tried if one in pieces), None)
        if piece is None:
            return [UNKNOWN]
        found.append(piece)
        start += len(piece.removeprefix("##"))
    return found


def tokens(text: str, pieces: Sequence[str]) -> list[str]:
    """Return the pieces of every word."""
    return [piece for word in text.split() for piece in split(word, pieces)]


def join(found: Sequence[str]) -> str:
    """Return the words that pieces are of."""
    return " ".join(found).replace(" ##", "")
