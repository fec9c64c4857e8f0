"""The check `convergence` accuses at its stated rate and no more, and sees what trains a little worse."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from checks.common.record import Recorder
from checks.convergence import FALSE_ALARM, MEAN, SEEDS, check_table, judge, steps_to
from checks.convergence.points import SEEDS as TABLED
from checks.convergence.points import read_points
from checks.convergence.samples import compare, rank_test, signed_rank_test
from checks.convergence.workloads import WORKLOADS
from tests.support import chance

WORKLOAD = WORKLOADS[0]
POINTS = read_points()


def holds(ours: dict[int, int], theirs: dict[int, int]) -> bool:
    recorder = Recorder(lambda *_: None)
    judge(WORKLOAD, compare(ours, theirs), recorder)
    return bool(recorder.result()["invariants"][0]["holds"])


def test_signed_ranks_are_those_of_every_way_the_signs_fall() -> None:
    """Counted over all 4,096 signs of twelve differences with ties among them."""
    sizes = np.array([1, 1, 2, 3, 3, 3, 4, 5, 6, 6, 7, 9])
    ranks = np.array([1.5, 1.5, 3, 5, 5, 5, 7, 8, 9.5, 9.5, 11, 12])
    sums = np.array([sum(ranks[np.array(signs, bool)]) for signs in itertools.product((0, 1), repeat=12)])
    draw = chance("signs")
    for signs in ([1] * 12, [0] * 12, [1, 0] * 6, *([draw.randrange(2) for _ in sizes] for _ in range(5))):
        up = ranks[np.array(signs, bool)].sum()
        exact = min(1.0, 2 * min((sums >= up).mean(), (sums <= up).mean()))
        found = signed_rank_test(np.where(np.array(signs, bool), sizes, -sizes))
        assert found == pytest.approx(exact), signs
    assert signed_rank_test(np.zeros(5, np.int64)) == 1.0
    assert signed_rank_test(np.arange(1, SEEDS["quick"] + 1)) * FALSE_ALARM < 1


def test_ranks_are_those_of_every_way_to_deal_the_values() -> None:
    """Against the exact distribution over all 12,870 ways to deal 16 values, ties among them, into two hands of 8."""
    values = np.array([1, 2, 2, 3, 4, 5, 5, 5, 6, 7, 8, 8, 9, 10, 11, 12])
    excesses = []
    for hand in itertools.combinations(range(16), 8):
        mine = np.isin(np.arange(16), hand)
        excesses.append(rank_test(values[mine], values[~mine])[1])
    for ours in (range(8), (0, 2, 4, 6, 8, 10, 12, 14), (0, 1, 2, 3, 4, 5, 6, 9)):
        mine = np.isin(np.arange(16), ours)
        found, excess = rank_test(values[mine], values[~mine])
        exact = np.mean(np.abs(excesses) >= abs(excess) - 1e-9)
        # the normal form is cautious in the tail: it may accuse less often than it says, never more
        assert 0.65 * exact <= found <= 1.35 * exact + 2e-3, ours


def test_two_samples_of_one_distribution_are_accused_no_more_than_is_stated() -> None:
    """Hands of seeds that the reference has, against the rest of its table: some 4,000 pairs."""
    generator = np.random.default_rng(chance("dealt seeds").randrange(2**32))
    for name, points in POINTS.items():
        steps, alarms, deals = np.array(list(points.values())), 0, 2000
        for _ in range(deals):
            order = generator.permutation(len(steps))
            alarms += rank_test(steps[order[: SEEDS["quick"]]], steps[order[SEEDS["quick"] :]])[0] * FALSE_ALARM < 1
        assert alarms <= 7, name  # one is expected; eight come once in 100,000 times


def test_what_trains_as_float64_does_is_not_accused() -> None:
    draw = chance("sound steps")
    for name, points in POINTS.items():
        ours = {seed: points[seed] + draw.choice((0, 0, 0, -1, 1)) for seed in range(SEEDS["full"])}
        assert holds(ours, points), name
        assert holds({1000 + seed: steps for seed, steps in ours.items()}, points), name


@pytest.mark.parametrize("factor", [1.2, 0.8])
def test_a_fifth_more_or_fewer_steps_is_accused(factor: float) -> None:
    """The pairs see it from twelve seeds."""
    for name, points in POINTS.items():
        ours = {seed: round(points[seed] * factor) for seed in range(SEEDS["quick"])}
        assert not holds(ours, points), name


def test_other_seeds_see_what_is_half_as_fast() -> None:
    for name, points in POINTS.items():
        assert not holds({1000 + seed: 2 * points[seed] for seed in range(SEEDS["quick"])}, points), name


def test_steps_are_counted_until_the_mean_is_below_and_no_further() -> None:
    taken = []

    def losses() -> Iterator[float]:
        for step in range(1, 100):
            taken.append(step)
            yield 1 / step

    means = {step: np.mean(1 / np.arange(step - MEAN + 1, step + 1)) for step in range(MEAN, 99)}
    assert steps_to(0.1, losses(), 99) == next(step for step, mean in means.items() if mean < 0.1)
    assert taken[-1] < 20
    assert steps_to(-1.0, iter([1.0] * 10), 10) == 11
    assert steps_to(2.0, iter([float("nan")] * 10), 10) == 11


def test_the_table_has_every_workload_and_seed_and_is_asked_whether_it_is_right() -> None:
    assert {name: sorted(points) for name, points in POINTS.items()} == {
        one.name: list(range(TABLED)) for one in WORKLOADS
    }
    for one in WORKLOADS:
        assert max(POINTS[one.name].values()) < one.most, one.name
    recorder = Recorder(lambda *_: None)
    check_table(WORKLOAD, 0, POINTS[WORKLOAD.name][0] + 1, POINTS[WORKLOAD.name], recorder)
    assert recorder.result()["invariants"][0]["holds"] is False


def test_a_table_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "points.tsv").write_text("# a line\ngru\t0\t41\ngru\t1\t40\nother\t0\t7\n")
    assert read_points(tmp_path / "points.tsv") == {"gru": {0: 41, 1: 40}, "other": {0: 7}}
