"""A slice of the campaign against all readers of foreign data; ``benchmarks/fuzz_readers.py`` goes on for hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machine.fuzz import MEMORY, Outcome, Target, meet
from tests.machine.fuzz_targets import targets

pytestmark = pytest.mark.slow

SEED, EXAMPLES = 14, 25


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[Target]:
    return targets(tmp_path_factory.mktemp("fuzz"))


def test_no_reader_fails_on_a_spoilt_sample(every: list[Target], tmp_path: Path) -> None:
    assert len(every) > 50
    outcomes = {target.name: meet(target, SEED, EXAMPLES, tmp_path / "kept") for target in every}
    assert {name: one for name, one in outcomes.items() if one.wrong} == {}
    assert sum(one.tried for one in outcomes.values()) == EXAMPLES * len(every)


def test_the_samples_are_read_as_they_are(every: list[Target]) -> None:
    for target in every:
        for sample in target.samples:
            target.read(sample)


def _spin(_: bytes) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("reader", "wrong"),
    [(_spin, "hang"), (lambda _: bytes(2 * MEMORY), "memory"), (lambda raw: raw[1 << 30], "crash")],
)
def test_a_reader_that_does_is_noticed(reader: object, wrong: str, tmp_path: Path) -> None:
    outcome = meet(Target("x", (b"sample",), reader), SEED, 3, tmp_path / "kept")  # type: ignore[arg-type]
    assert isinstance(outcome, Outcome)
    assert (outcome.tried, outcome.wrong) == (1, wrong)
