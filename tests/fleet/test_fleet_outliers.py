"""The statistics: the reach is what simulation says, sound fleets are not accused, and slow devices are."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

from gpusetup.fleet.outliers import ALARM_RATE, FEWEST, limits, reach
from tests.each import each
from tests.fleet.fleets import hosts, judged, of
from tests.support import chance

Noise = Callable[[random.Random], float]
"""Factor on the speed of a sound device."""


def _laplace(draw: random.Random) -> float:
    return math.exp(0.01 * draw.expovariate(1) * draw.choice((-1, 1)))


NOISES: dict[str, Noise] = {
    "normal": lambda draw: math.exp(draw.gauss(0, 0.01)),
    "the extreme of the model": _laplace,
    "slow tail": lambda draw: math.exp(-0.02 * draw.expovariate(1)),
    "fast tail": lambda draw: math.exp(0.02 * draw.expovariate(1)),
    "uniform": lambda draw: draw.uniform(0.98, 1.02),
    "rounded": lambda draw: round(math.exp(draw.gauss(0, 0.01)) * 50) / 50,
    "two steps": lambda draw: draw.choice([1.0] * 9 + [0.97]),
    "all the same": lambda _draw: 1.0,
    "wide": lambda draw: math.exp(draw.gauss(0, 0.08)),
    "gamma": lambda draw: 1 / draw.gammavariate(4, 0.25),
}


@each("noise", NOISES.values(), lambda noise: next(name for name, one in NOISES.items() if one is noise))
def test_sound_devices_are_rarely_called_outliers(noise: Noise) -> None:
    """At a rate of 5 % a side, of 60 fleets of each size 12 a side would be a chance below 1e-4; 3 are expected."""
    draw = chance(f"fleet, noise {noise(random.Random(1))}")
    for count in (8, 24, 100):
        alarms = [0, 0]
        for _ in range(60):
            figures = [1000 * noise(draw) for _ in range(count)]
            limit = limits(figures, 0.05)
            alarms[0] += limit.low is not None and min(figures) < limit.low
            alarms[1] += limit.high is not None and max(figures) > limit.high
        assert max(alarms) < 12, (count, alarms)


def test_the_reach_holds_for_the_extreme_of_the_model() -> None:
    """Of 1,500 fleets with exponential tails 2 % may have a device beyond it: 30, and 55 has a chance below 1e-5."""
    draw = chance("fleet, reach")
    for count in (12, 40):
        far = reach(count, 0.02)
        beyond = 0
        for _ in range(1500):
            logs = sorted(math.log(_laplace(draw)) for _ in range(count))
            median = (logs[(count - 1) // 2] + logs[count // 2]) / 2
            place = (count - 1) / 4
            low = logs[int(place)] + place % 1 * (logs[int(place) + 1] - logs[int(place)])
            beyond += median - logs[0] > far * (median - low)
        assert 0 < beyond < 55, (count, beyond)


def test_the_reach_grows_as_groups_get_smaller_and_rates_lower() -> None:
    assert reach(16, 1e-3) > reach(100, 1e-3) > 8
    assert reach(100, 1e-6) > reach(100, 1e-3)
    assert 20 < reach(10_000, 1e-3) < 26  # log2(10,000 / (2 × 1e-3)) = 22.3 with the spread known exactly


def test_a_slow_device_is_found_beside_others_that_are_slow() -> None:
    draw = chance("fleet, slow")
    figures = [math.exp(draw.gauss(0, 0.01)) for _ in range(200)]
    figures[:30] = [0.7] * 30
    limit = limits(figures, ALARM_RATE)
    assert limit.low is not None
    assert 0.7 < limit.low < min(figures[30:])


def test_of_few_devices_nothing_is_said() -> None:
    assert limits([1.0] * (FEWEST - 1), ALARM_RATE).unsaid.startswith("7 devices")
    wide = limits([1.0, 1.3, 0.8, 1.1, 0.9, 1.2, 0.7, 1.0, 1.05], ALARM_RATE)
    assert wide.low is None
    assert "would stand out" in wide.unsaid


def test_the_slow_card_is_named_and_the_fast_one_noted(tmp_path: Path) -> None:
    some = hosts(12, chance("fleet, speed"))
    for host, card, factor in (("node00003", "cuda:5", 0.7), ("node00004", "cuda:1", 1.5)):
        for run in some[host]["proof"]["runs"]:
            if run["job"]["device"] == card and "names per second" in run["result"]["measures"]:
                run["result"]["measures"]["names per second"] *= factor
    fleet = judged(some, tmp_path)
    assert [(one.host, one.device) for one in fleet.figures[0].slow] == [("node00003", "cuda:5")]
    assert [(one.host, one.device) for one in fleet.figures[0].fast] == [("node00004", "cuda:1")]
    assert of(fleet, "node00003").drain.startswith("cuda:5 is slow: ")
    assert of(fleet, "node00004").state == "ok"


def test_the_best_of_all_rounds_counts(tmp_path: Path) -> None:
    some = hosts(12, chance("fleet, rounds"))
    for run in some["node00003"]["proof"]["runs"]:
        if run["job"]["seed"] == 1:
            run["result"]["measures"]["names per second"] *= 0.5  # another load beside it
    assert not judged(some, tmp_path).figures[0].slow
