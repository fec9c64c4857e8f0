"""How likely a limit is passed: the estimate from the largest shares, against tails that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.selftest_tails import FEWEST, Kept, Share, chi_square, row, seldom, tail
from gpusetup.selftest.registry import checks


@pytest.mark.parametrize(("degrees", "below"), [(20, 10.851), (80, 60.391), (200, 168.279)])
def test_one_in_twenty_of_chi_square_lies_below_the_tables_number(degrees: int, below: float) -> None:
    assert chi_square(degrees) == pytest.approx(below, rel=1e-3)


def test_the_chance_of_a_power_law_is_found_and_within_its_bound() -> None:
    """Of a share that is above x with probability (x / 0.1)^-6, one in a million is above 1."""
    drawn = np.random.default_rng(7)
    outside = 0
    for _ in range(100):
        found = tail([float(one) for one in 0.1 * drawn.uniform(size=400) ** (-1 / 6)])
        assert 4 < found.power < 9
        assert found.chance < found.bound
        outside += found.bound < 1e-6
    assert outside <= 12  # 5 are expected


def test_a_tail_that_falls_faster_is_given_too_large_a_chance_and_never_too_small() -> None:
    """|x| of a normal distribution with a deviation of 1/4 is above 1 with a probability of 6.3e-5."""
    drawn = np.random.default_rng(7)
    chances = [tail([float(one) for one in np.abs(drawn.normal(0, 0.25, 400))]).chance for _ in range(50)]
    assert min(chances) > 6.3e-5


def test_what_is_infinitely_far_off_is_certain_to_come_again() -> None:
    assert tail([0.1] * 20 + [math.inf]).chance == 1.0


def test_the_same_share_from_every_seed_has_no_tail() -> None:
    assert tail([0.0] * FEWEST * 2).chance == 0.0
    assert seldom(0.0) == "< 1e-09"


def test_a_share_is_that_of_the_limit_in_the_units_of_the_reference() -> None:
    check = checks()["mlp"]
    truth, ours = Kept(), Kept()
    for recorder, value in ((truth, 1.0), (ours, 1.0 + 2.0**-20)):
        recorder.tensor("forward", "output", np.array([value]), unit=2.0)
    share = ours.worst(truth.truth(), check)
    assert share.where == "output, step 0"
    assert share.share == pytest.approx(2.0**-20 / 2.0**-22 / check.limit("forward", 0))


def test_a_row_names_the_largest_share_and_where_it_was() -> None:
    shares = {str(seed): Share(0.1 + seed / 1000, f"loss, step {seed}") for seed in range(20)}
    assert row("mlp", "jax", shares).startswith("| mlp | jax | 20 | 0.11 | 0.12: loss, step 19 |")
