"""The check `collective` names the rank that is to blame, whatever it does wrong."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from checks.collective import KINDS, SIZES, TWICE, digits, reference, training
from checks.collective.answers import Answers, late
from checks.collective.cards import SHOWN, cards_of
from checks.collective.meeting import read_addresses, write_ports
from checks.collective.ranks import Rank, RankError, _listen, _who_ended
from checks.common.needs import Unsupported
from checks.common.record import Recorder
from tests.checks.one_job import JOB
from tests.support import chance

SEED = JOB.seed


def answers(world: int = 4) -> Answers:
    return reference.add_up(world, JOB)


def blamed(found: Answers, kind: str, size: int) -> list[str]:
    every = digits.turns(found.world)
    return [line for speakers in every for turn in TWICE for line in found.blame(kind, size, speakers, turn, SEED)]


def again(kind: str, size: int, turn: int, speaker: int, heard: int) -> list[np.ndarray]:
    """Return what 4 ranks say, where `speaker` says what it said in turn `heard`."""
    spoken = [digits.said(kind, size, 0, turn, rank, 4, SEED) for rank in range(4)]
    spoken[speaker] = digits.said(kind, size, 0, heard, speaker, 4, SEED)
    return spoken


@pytest.mark.parametrize("world", [1, 2, 4, 5, 8, 9])
def test_what_is_right_is_not_blamed(world: int) -> None:
    found = answers(world)
    assert [line for kind in KINDS for size in SIZES["quick"][:3] for line in blamed(found, kind, size)] == []


@pytest.mark.parametrize("kind", ["all-reduce", "reduce-scatter", "all-gather"])
@pytest.mark.parametrize("speaker", range(4))
def test_a_stale_buffer_is_its_speakers(kind: str, speaker: int) -> None:
    found = answers()
    spoken = again(kind, 1000, 2, speaker, 1)
    for rank in range(4):
        found.got[rank][digits.name(kind, 1000, 0, 2)] = digits.right(kind, spoken, rank)
    assert blamed(found, kind, 1000) == [f"rank {speaker} said something wrong in {kind} of 1000 numbers"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_bit_that_one_rank_gets_wrong_is_its_own(kind: str) -> None:
    """One element, one bit of it; a rank that is alone with it is the one that got it wrong."""
    draw = chance("flipped ranks")
    rank = draw.randrange(1, 4)
    found = answers()
    name = digits.name(kind, 7, 0, 1)
    got = found.of(name, rank).copy()
    place = draw.randrange(len(got))
    got[place] = (got.view(np.uint32)[place] ^ np.uint32(1 << draw.randrange(31))).view(np.float32)
    found.got[rank][name] = got
    (line,) = blamed(found, kind, 7)
    assert line.startswith(f"rank {rank} " if kind != "reduce-scatter" else "rank "), line


def test_a_rank_that_is_missing_or_counted_twice_is_heard() -> None:
    for times in (0, 2):
        found = answers()
        spoken = again("all-reduce", 7, 1, 2, 1)
        spoken[2] = times * spoken[2]
        for rank in range(4):
            found.got[rank][digits.name("all-reduce", 7, 0, 1)] = digits.right("all-reduce", spoken, rank)
        assert blamed(found, "all-reduce", 7) == ["rank 2 said something wrong in all-reduce of 7 numbers"], times


def test_sums_are_exact_in_float32() -> None:
    for world in (4, 8):
        for first in (speakers[0] for speakers in digits.turns(world)):
            spoken = [digits.said("all-reduce", 64, first, 1, rank, world, SEED) for rank in range(world)]
            assert np.array_equal(np.sum(spoken, axis=0, dtype=np.float32), np.sum(spoken, axis=0, dtype=np.float64))


def test_a_late_rank_is_named_and_a_busy_machine_is_not() -> None:
    for delays, holds in (((0, 0, 0, 2.0), False), ((3.0, 3.0, 3.0, 3.1), True), ((0, 0.1, 0.05, 0.2), True)):
        times = [{f"{one}": (one + delay, one + 4.0) for one in range(9)} for delay in delays]
        recorder = Recorder(lambda *_: None)
        late(Answers([{} for _ in delays], list(times), {}), recorder)
        (found,) = recorder.result()["invariants"]
        assert found["holds"] is holds, delays
        assert holds or "rank 3" in found["detail"]


@pytest.fixture
def ranks() -> Iterator[list[Rank]]:
    """Three ranks that no process is behind; a test that closes an end of a pipe leaves -1 in its place."""
    made = [Rank(number) for number in range(3)]
    yield made
    for end in (end for rank in made for end in (rank.pipe, rank.theirs) if end >= 0):
        os.close(end)


def test_a_rank_that_dies_is_named_before_those_that_complain_of_it(tmp_path: Path, ranks: list[Rank]) -> None:
    for rank in ranks:
        os.write(rank.theirs, json.dumps({"doing": "all-reduce of 7 numbers"}).encode() + b"\n")
        os.close(rank.theirs)
        rank.theirs = -1
        (tmp_path / f"{rank.number}.ended").write_text(str(-signal.SIGKILL if rank.number == 2 else 1))
        rank.listen()
    ranks[0].error = "RuntimeError: connection closed by peer"
    assert _who_ended(ranks, ranks[0], tmp_path) == "rank 2 was killed by SIGKILL in all-reduce of 7 numbers"
    (tmp_path / "2.ended").unlink()
    assert "rank 0 ended with exit code 1" in _who_ended(ranks, ranks[0], tmp_path)


def test_a_rank_that_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ranks: list[Rank]) -> None:
    monkeypatch.setattr(sys.modules["checks.collective.ranks"], "PATIENCE", 0.01)
    for place in ("the meeting", "all-reduce of 7 numbers"):
        os.write(ranks[0].theirs, json.dumps({"doing": place}).encode() + b"\n")
    os.write(ranks[1].theirs, json.dumps({"doing": "the meeting"}).encode() + b"\n")
    with pytest.raises(RankError, match=r"rank 1 has not answered for 0.01 s in the meeting"):
        _listen(ranks[:2], tmp_path, Recorder(lambda *_: None))


def test_data_parallel_training_is_training_on_the_whole_batch() -> None:
    whole = training.draw(SEED, range(4))
    parts = [training.draw(SEED, range(rank, rank + 1)) for rank in range(4)]
    weights = whole.start.copy()
    for step in range(training.STEPS):
        slopes = []
        for part in parts:
            one = part._replace(seen=part.seen[step : step + 1], truth=part.truth[step : step + 1], start=weights)
            slopes.append((weights - reference.train(one)[1]) / training.RATE)
        weights = weights - training.RATE * np.mean(slopes, axis=0)
    assert weights == pytest.approx(reference.train(whole)[1], abs=1e-13)


def test_ports_differ(tmp_path: Path) -> None:
    write_ports(tmp_path, 8)
    assert len(set(read_addresses(str(tmp_path)))) == 8


def test_cards_are_those_that_the_user_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cards_of("cpu") == []
    monkeypatch.setenv(SHOWN, "3,5,GPU-8")
    assert cards_of("cuda:0") == ["3", "5", "GPU-8"]
    assert cards_of("cuda:2") == ["GPU-8", "3"]
    monkeypatch.setenv(SHOWN, "3")
    with pytest.raises(Unsupported, match="this host shows 1"):
        cards_of("cuda:0")
    assert dataclasses.asdict(JOB)["device"] == "cpu"
