"""What gets worse is named, and nobody else is; the chances behind it are those of counting."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from gpusetup.fleet.history.chances import FEWEST_DAYS, alike, independent, often, rising, usual_share
from tests.fleet.worsening import KINDS, judged


@pytest.mark.parametrize("figures", [(3, 1, 2, 5, 4), (1, 2, 3, 4), (4, 3, 2, 1), (2, 2, 2), (1, 2, 2, 3), (7,)])
def test_the_chance_of_rising_pairs_is_that_of_all_orders(figures: tuple[int, ...]) -> None:
    def pairs(some: tuple[int, ...]) -> int:
        return sum(before < after for before, after in itertools.combinations(some, 2))

    orders = list(itertools.permutations(range(len(figures))))
    as_many = sum(pairs(one) >= pairs(figures) for one in orders)
    assert rising(figures) == pytest.approx(as_many / len(orders))


def test_the_chance_of_events_is_the_binomial_one() -> None:
    assert often(3, 10, 0.2) == pytest.approx(sum(math.comb(10, k) * 0.2**k * 0.8 ** (10 - k) for k in range(3, 11)))
    assert (often(0, 10, 0.2), often(11, 10, 0.2), often(4, 10, 1.0)) == (1, 0, 1)
    assert usual_share([0.0] * 9 + [0.5]) == pytest.approx(0.1), "twice the mean, where nine tenths have none"
    assert usual_share([0.0] * 100) == 0.001, "two events in as many years happen to a sound card"


@pytest.mark.parametrize("title", KINDS)
def test_what_gets_worse_is_named_and_nobody_else(title: str) -> None:
    worse, subject = KINDS[title]
    found = judged(6, 60, random.Random(title), worse=worse)
    assert {one.subject for one in found.trends} == {subject}


def test_fewer_days_need_as_large_a_share_of_rising_pairs() -> None:
    assert rising(range(30), 30) == rising(range(30))
    assert rising(range(30), 10) == rising(range(10)) == pytest.approx(1 / math.factorial(10))
    assert [rising(range(30), 1), rising(range(9, -1, -1), 5)] == pytest.approx([1, 1])


@pytest.mark.parametrize("like", [0.0, 0.6, 0.9])
def test_the_correlation_of_days_is_found_though_they_are_few(like: float) -> None:
    draw, found = random.Random(3), []
    for _ in range(400):
        now, figures = draw.gauss(0, 1), []
        for _ in range(30):
            now = like * now + draw.gauss(0, 1) * math.sqrt(1 - like**2)
            figures.append(now)
        found.append(alike(figures))
    assert sorted(found)[200] == pytest.approx(like, abs=0.06)
    assert [independent(30, one) for one in (-0.2, 0.04, 0.5, 0.9, 1.1)] == [30, 30, 10, 1, 0]


def test_days_that_resemble_the_one_before_accuse_nobody_and_hide_nothing_else() -> None:
    """By days in any order, half of such histories have a false alarm."""
    for seed in range(3):
        found = judged(6, 40, random.Random(seed), like=0.9)
        assert (found.trends, found.unjudged) == ((), 6 * 8), "the temperatures say too little"
    worse, subject = KINDS["4 % slower, little by little"]
    assert {one.subject for one in judged(6, 40, random.Random(1), 0.9, worse).trends} == {subject}
    worse, subject = KINDS["15 °C hotter, little by little"]
    assert {one.subject for one in judged(6, 90, random.Random(1), 0.15, worse).trends} == {subject}


def test_a_sound_history_accuses_nobody_and_a_short_one_says_nothing() -> None:
    found = judged(10, 40, random.Random(5))
    assert (found.trends, found.judged, found.unjudged) == ((), 10 * 8 * 3, 0)
    short = judged(10, FEWEST_DAYS - 1, random.Random(5), worse=KINDS["4 % slower, little by little"][0])
    assert (short.trends, short.unjudged) == ((), 10 * 8 * 2), "days are too few; the replays have their intervals"
    alone = judged(1, 4, random.Random(5))
    assert alone.judged == 0
