"""What is learned is a short text in the public domain, and what is asked of it is what the check says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from checks.transformer.text import ALPHABET, HIDDEN, LETTERS, LONGEST, PADDING, ask_hidden, ask_next, read_lines

TEXT = Path(__file__).resolve().parents[2] / "checks" / "transformer" / "text.txt"


def spell(letters: np.ndarray) -> str:
    return "".join({PADDING: "_", HIDDEN: "?"}.get(number) or ALPHABET[number - 2] for number in letters.tolist())


def test_the_text_says_whose_it_is_and_is_short() -> None:
    assert "Public domain" in TEXT.read_text("utf-8").splitlines()[0]
    assert TEXT.stat().st_size <= 4096


def test_every_letter_is_in_the_alphabet_and_every_line_has_its_places() -> None:
    lines = read_lines()
    assert spell(lines[0]) == "four score and seven years ago our"
    assert max(map(len, lines)) + 1 + 5 <= LONGEST  # the newline, and what an invariant pads with
    assert {number for line in lines for number in line.tolist()} <= set(range(2, LETTERS))


def test_the_next_letter_is_asked_for() -> None:
    batch = ask_next(read_lines()[10:12])
    assert [spell(row) for row in batch.letters] == [
        "\nof that war.______________________",
        "\nwe have come to dedicate a portion",
    ]
    assert [spell(row) for row in batch.targets] == [
        "of that war.\n______________________",
        "we have come to dedicate a portion\n",
    ]


def test_hidden_letters_are_asked_for_and_no_others() -> None:
    lines = read_lines()[:8]
    batch = ask_hidden(lines, 0, "any")
    hidden = batch.letters == HIDDEN
    assert 0.15 < hidden.sum() / sum(map(len, lines)) < 0.4
    assert ((batch.targets != PADDING) == hidden).all()
    for row, line in enumerate(lines):
        whole = np.where(hidden[row], batch.targets[row], batch.letters[row])
        assert spell(whole).rstrip("_") == spell(line)
    assert not np.array_equal(ask_hidden(lines, 1, "any").letters, batch.letters)
