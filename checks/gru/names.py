"""The names: letters to numbers, batches with padding, and where they are read from."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALPHABET = "abcdefghijklmnopqrstuvwxyz'- "
LETTERS = len(ALPHABET) + 1  # 0 is padding
LONGEST = 24

# letters that Unicode does not take apart into a Latin letter and a mark
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)


class Batch(NamedTuple):
    """Padded letters (n, longest), their lengths (n,), and the languages (n,) as numbers."""

    letters: NDArray[np.int64]
    lengths: NDArray[np.int64]
    languages: NDArray[np.int64]


class Corpus(NamedTuple):
    """Names with the number of their language, sorted, so that nothing depends on the order of files.

    `letters` (names, 24) is each name in numbers, padded with 0; `lengths` (names,) how many letters it has.
    """

    languages: tuple[str, ...]
    names: tuple[tuple[str, int], ...]
    letters: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def batch(self, places: NDArray[np.int64], padding: int = 0) -> Batch:
        """Return the names at `places` as one batch, with `padding` columns more than the longest needs."""
        lengths = self.lengths[places]
        letters = np.pad(self.letters[places, : lengths.max()], ((0, 0), (0, padding)))
        return Batch(letters, lengths, np.array([self.names[place][1] for place in places]))


def fold(name: str) -> str:
    """Return `name` in the alphabet: lower case, marks dropped, foreign characters dropped, at most 24 letters."""
    apart = unicodedata.normalize("NFKD", name.strip().lower().translate(_SPELLED))
    return "".join(letter for letter in apart if letter in ALPHABET).strip()[:LONGEST]


def read_names(folder: str = "") -> Corpus:
    """Read the check's own table, or the classic folder with one ``Language.txt`` of names each.

    Raises `ValueError` when the folder holds fewer than two languages.
    """
    if folder:
        files = sorted(Path(folder).glob("*.txt"))
        pairs = {(path.stem, fold(line)) for path in files for line in path.read_text("utf-8").splitlines()}
    else:
        lines = Path(__file__).with_name("names.tsv").read_text("utf-8").splitlines()
        pairs = {(language, name) for language, name in (line.split("\t") for line in lines if line[:1] != "#")}
    pairs = {(language, name) for language, name in pairs if name}
    languages = tuple(sorted({language for language, _ in pairs}))
    if len(languages) < 2:
        raise ValueError(f"{folder} needs at least two files Language.txt with one name per line")
    names = tuple(sorted((name, languages.index(language)) for language, name in pairs))
    letters = np.zeros((len(names), LONGEST), dtype=np.int64)
    for row, (name, _) in zip(letters, names, strict=True):
        row[: len(name)] = [ALPHABET.index(letter) + 1 for letter in name]
    return Corpus(languages, names, letters, (letters > 0).sum(axis=1))
