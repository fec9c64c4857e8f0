"""Ranks on this computer, gloo between them: a planted fault is named with its host, rank or pair, and nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.links_ranks import Hub, hub, named, text_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub(tmp_path_factory.mktemp("ranks")) as found:
        yield found


def test_nobody_is_accused_on_sound_links(ranks: Hub) -> None:
    found = ranks.run(4, {})
    assert (found.verdict, found.faults, found.pairs, found.rounds) == ("ok", (), 6, 3)


@pytest.mark.parametrize(
    ("fault", "direction", "words"),
    [
        ("FlipsSent", "sends", "1 wrong number, 1 wrong bit: the first at 1000, bit 20"),
        ("FlipsReceived", "receives", "1 wrong number, 1 wrong bit: the first at 77, bit 0"),
        ("Stale", "sends", "the numbers of turn 0"),
        ("Unwritten", "receives", "nothing was written"),
    ],
)
def test_wrong_bits_are_named_with_host_and_direction(ranks: Hub, fault: str, direction: str, words: str) -> None:
    found = ranks.run(4, {2: fault})
    assert named(found) == [("wrong", "node02", direction)]
    assert words in text_of(found, "wrong")


def test_one_card_of_a_host_is_named_and_not_the_host(ranks: Hub) -> None:
    found = ranks.run(6, {5: "FlipsSent"}, per_host=3)
    assert named(found) == [("wrong", "rank 5 on node01", "sends")]


def test_of_a_pair_nothing_says_which_of_the_two(ranks: Hub) -> None:
    found = ranks.run(4, {3: "OnePair"})
    assert named(found) == [("wrong", "node03 → node00", "sends")]
    assert found.faults[0].level == "pair"


def test_who_spoils_a_sum_is_found_by_halves(ranks: Hub) -> None:
    found = ranks.run(5, {3: "SumFlips"})
    assert named(found) == [("wrong", "rank 3 on node03", "both")]
    assert found.sums == 1 + 2 + 1 + 2  # all five; two and three; the last two; each of them with a sound one


@pytest.mark.parametrize(("fault", "words"), [("Dies", "its process ended (SIGKILL)"), ("Hangs", "its process hangs")])
def test_who_dies_or_hangs_is_named_in_time(ranks: Hub, fault: str, words: str) -> None:
    found = ranks.run(4, {0: fault}, deadline=1.5)
    assert named(found) == [("gone", "node00", "")]
    assert text_of(found, "gone").startswith(f"{words} while meeting rank ")
    assert ranks.seconds < 30


def test_who_keeps_the_others_waiting_is_late_and_not_slow(ranks: Hub) -> None:
    found = ranks.run(4, {1: "Late"})
    assert named(found) == [("late", "rank 1 on node01", "")]


def test_the_program_is_one_file_that_needs_torch_alone(tmp_path: Path) -> None:
    program, record = tmp_path / "links.pyz", tmp_path / "links.json"
    command: list[str | Path] = [sys.executable, "-m", "gpusetup", "fleet", "links"]
    subprocess.run([*command, "--program", program], check=True)
    first = program.read_bytes()
    subprocess.run([*command, "--program", program], check=True)
    assert program.read_bytes() == first
    torchrun: list[str | Path] = [
        sys.executable,
        "-P",
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    words: list[str | Path] = [program, "--out", record, "--size", "0.1", "--deadline", "20"]
    subprocess.run([*torchrun, *words], check=True, cwd=tmp_path, capture_output=True)
    done = subprocess.run([*command, record, "--json"], check=True, capture_output=True)
    found = json.loads(done.stdout)
    assert (found["verdict"], found["ranks"], found["pairs"]) == ("ok", 2, 1)
