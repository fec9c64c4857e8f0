"""The patterns are what memory testers ask for: every line is driven both ways, and no two places are alike."""

from __future__ import annotations

import numpy as np

from checks.numerics.memory import PATTERNS, PIECES, draw_pattern


def words(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
    return np.concatenate([draw_pattern(name, 0, piece, 96) for piece in range(PIECES)]).view(np.uint32)


def test_every_pattern_is_drawn() -> None:
    assert {name: len(words(name)) for name in PATTERNS} == dict.fromkeys(PATTERNS, PIECES * 96)


def test_the_walking_one_visits_every_line_alone() -> None:
    assert {int(word) for word in words("walking one")} == {1 << bit for bit in range(32)}
    assert {int(word) ^ 0xFFFFFFFF for word in words("walking zero")} == {1 << bit for bit in range(32)}


def test_no_two_places_of_all_pieces_hold_the_same_address() -> None:
    assert len(set(words("own address").tolist())) == PIECES * 96


def test_alternating_bits_are_each_other_s_opposite() -> None:
    assert set((words("0xAA") ^ words("0x55")).tolist()) == {0xFFFFFFFF}
