"""A proof on the page: every section says what the proof says, and another number says something else."""

from __future__ import annotations

import base64
import itertools
import zlib
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from gpusetup.errors import WrongInputError
from gpusetup.report.page.compared import compared
from gpusetup.report.page.model import Result, Section
from gpusetup.report.page.sections import sections
from gpusetup.report.page.sections.proof import (
    boundaries,
    curves,
    matrix,
    pictures,
    speed,
    tables,
    trajectories,
    valleys,
)
from gpusetup.report.page.sections.proof.colours import between, end, signed
from gpusetup.report.page.sections.proof.runs import shown
from gpusetup.selftest.model import Observation, Picture
from gpusetup.selftest.proof import Proof
from tests.report_page import pages, proofs
from tests.report_page.proofs import CHECKS, computed, figures, proof, run
from tests.report_page.views import listed


def of(*some: Proof) -> dict[str, Section]:
    """Return the sections of proofs by their ids."""
    results = compared([Result(f"proof-{n}.json", one) for n, one in enumerate(some)])
    return {one.id: one for one in sections(list(results))}


def test_every_part_of_a_proof_has_its_section() -> None:
    found = of(proofs.real())
    assert list(found) == ["proof", "losses", "optimisers", "boundaries", "maps", "observed", "speed"]
    assert found["proof"].state == "unknown"  # only one of the checks has a verdict
    assert all(one.answer for one in found.values())
    html = pages.html(proofs.real()).replace("&#39;", "'")
    for one in found.values():
        for chart in one.charts.values():
            assert chart.title in html, chart.title
            assert chart.said[:40] in html


def test_what_failed_comes_first_and_says_where() -> None:
    found = of(proof([run("boundary", "pytorch", computed("boundary"))], proofs.passed(), proofs.failed()))["proof"]
    assert found.state == "error"
    assert found.answer.startswith("FAILED: 1 of 2 verdicts")
    (failure,) = listed(found, "failures")
    assert "loss[2], step 7: 1.5 instead of 1.25 (4,096.0 ulps, 16 allowed)" in failure.lines
    (row,) = listed(found, "rows")
    assert [(cell.state, cell.word, cell.many) for cell in row.cells] == [("error", "Failed", "1 of 2")]


def test_what_was_not_proven_is_never_shown_as_well() -> None:
    for state, shown_as in (("unproven", "unknown"), ("known", "warning"), ("passed", "ok"), ("failed", "error")):
        verdict = replace(proofs.passed(), state=state)
        (section,) = matrix.sections(proof([run("boundary", "pytorch", computed("boundary"))], verdict))
        (row,) = listed(section, "rows")
        assert row.cells[0].state == shown_as
        assert section.state == {"known": "unknown"}.get(state, shown_as)


def test_a_loss_that_moves_moves_its_curve_and_its_distance() -> None:
    result = computed("attribution")
    steps = [place for place, one in enumerate(result.records) if one.name == "loss"]
    records = list(result.records)
    moved = records[steps[9]]
    assert moved.sample[0] is not None
    records[steps[9]] = replace(moved, sample=(moved.sample[0] * (1 + 2**-20),))
    other = replace(result, records=tuple(records), fingerprint="1")
    runs = [run("attribution", "reference", result), run("attribution", "jax", other)]
    (loss,) = trajectories.trajectories(runs)
    assert {step for step, ulps in loss.ulps["jax"].items() if ulps} == {moved.step}
    assert 4 <= loss.ulps["jax"][moved.step] <= 16  # 2^-20 is 8 spacings at a power of two
    (section,) = curves.sections(runs)
    assert f"at step {moved.step}" in pages.html(proof(runs))
    assert [row["run"] for row in section.charts["loss-attribution-1"].data["curves"]] == ["jax", "float64"]


def test_a_long_curve_keeps_its_worst_step() -> None:
    truth = dict.fromkeys(range(5000), 1.0)
    wrong = {step: 3.0 if step == 3333 else 0.0 for step in truth}
    one = trajectories.Trajectory("gru", "loss", {"float64": truth}, {"jax": wrong})
    steps = trajectories.thinned(one)
    assert len(steps) == trajectories.MOST
    assert {0, 3333, 4999} <= set(steps)


def test_a_step_without_tolerance_is_not_called_the_worst() -> None:
    one = trajectories.Trajectory("gru", "loss", {}, {"jax": {1: 2.0, 2: 9e9}}, free=2)
    assert one.worst == 2.0
    assert replace_free(one).worst == 9e9


def replace_free(one: trajectories.Trajectory) -> trajectories.Trajectory:
    """Return the trajectory with all its steps judged."""
    return one._replace(free=None)


def test_a_path_that_ends_elsewhere_is_drawn_there() -> None:
    result = computed("sgd")
    name = next(one.name for one in result.pictures if one.name.startswith("paths of adam at"))
    path = np.zeros((65, 4, 2))
    path[-1] = [(3, 2), (-2.8, 3.13), (900, 0), (0, 0)]
    other = proofs.redrawn(result, name, values=path, about="step, start, x and y")
    (section,) = valleys.sections(shown(proof([run("sgd", "pytorch", other)]).runs))
    rows = [row for row in section.charts["paths"].data["paths"] if row["rule"] == "adam"]
    assert [row["end"] for row in rows[:4]] == ["minimum 1", "minimum 2", "diverged", "no minimum"]
    assert str(rows[0]["points"]).split(" ")[-1] == "3,2"


def test_the_slider_reaches_every_step_size() -> None:
    (section,) = valleys.sections(shown(proofs.real().runs))
    for rule in {row["rule"] for row in section.charts["paths"].data["paths"]}:
        rows = [row for row in section.charts["paths"].data["paths"] if row["rule"] == rule]
        spans = sorted({(row["from"], row["to"]) for row in rows})
        assert (spans[0][0], spans[-1][1]) == (0, valleys.FRAMES)
        assert all(one[1] == two[0] for one, two in itertools.pairwise(spans))
    assert section.answer.startswith("pytorch: 8 of 8 optimisers reach all four minima")
    assert section.view["others"] == [("float64", 1024, 1024)]


def test_what_a_rule_decides_is_the_colour_of_its_square() -> None:
    result = computed("boundary")
    ones = np.zeros((6, 32, 32), np.uint8)
    ones[-1] = 255
    other = proofs.redrawn(result, "tree learns", values=ones, about="points seen (16, 32, 64, 128, 256, 512), y, x")
    (before,), (after,) = (
        list(boundaries.sections(shown(proof([run("boundary", "reference", one)]).runs))) for one in (result, other)
    )
    trees = [[row for row in one.charts["rules"].data["rows"] if row["panel"] == "tree"] for one in (before, after)]
    assert [row["label"] for row in trees[1]] == [f"{count} points" for count in (16, 32, 64, 128, 256, 512)]
    assert trees[0][-1]["image"] != trees[1][-1]["image"]
    assert colours_of(str(trees[1][-1]["image"])) == {between(1)[:3]}
    seen = [row for row in before.charts["rules"].data["rows"] if "points" in row]
    assert sum(len(str(row["points"]).split(" ")) for row in seen) == 512


def test_a_frame_of_an_older_proof_has_no_step_made_up_for_it() -> None:
    result = computed("boundary")
    older = tuple(
        replace(one, about="frame, y, x") if one.name == "the network learns" else one for one in result.pictures
    )
    labels = []
    for pictured in (result.pictures, older):
        runs = shown(proof([run("boundary", "pytorch", replace(result, pictures=pictured))]).runs)
        (section,) = boundaries.sections(runs)
        labels.append(section.charts["network"].data["rows"][-1]["label"])
    assert labels == ["256 steps", "frame 16"]


def test_scikit_learn_is_shown_where_it_was_there() -> None:
    result = computed("boundary")
    by = [
        replace(one, name=f"{one.name}, by scikit-learn 1.9.0")
        for one in result.pictures
        if one.name in {"tree learns", "forest learns"}
    ]
    runs = shown(proof([run("boundary", "reference", replace(result, pictures=(*result.pictures, *by)))]).runs)
    (section,) = boundaries.sections(runs)
    said = section.charts["rules"].said
    assert "Fitted by scikit-learn 1.9.0 (boosting, logistic, neighbours, quadratic, splines, support vectors:" in said


def test_a_picture_comes_back_as_it_was() -> None:
    raw = np.arange(12, dtype=np.uint8).reshape(3, 4)
    packed = base64.b64encode(zlib.compress(raw.tobytes())).decode()
    picture = Picture(name="p", about="y, x", dtype="uint8", shape=(3, 4), data=packed)
    (plane,) = pictures.planes(picture)
    assert plane.values == tuple(range(12))
    assert plane.turned().values[:4] == (8, 9, 10, 11)
    for spoilt in ({"shape": (3, 5)}, {"shape": (-3, 4)}, {"data": "AAAA"}, {"data": "%"}, {"shape": (1 << 20, 99)}):
        with pytest.raises(WrongInputError, match="the picture p in the proof is spoilt"):
            pictures.numbers(replace(picture, **spoilt))


def test_colours_tell_signs_and_places_apart() -> None:
    assert between(0)[:3] != between(1)[:3]
    assert between(0.5)[3] == 0
    assert signed(-1)[3] == signed(1)[3] == 255
    assert len({end(place) for place in range(6)}) == 6


def test_speed_is_relative_to_the_fastest_and_to_the_first_proof() -> None:
    fast = [figures("gru", "pytorch", names_per_second=200.0), figures("gru", "jax", names_per_second=50.0)]
    slow = [figures("gru", "pytorch", names_per_second=100.0), figures("gru", "jax", names_per_second=100.0)]
    newer = proof(fast, made_at="2026-12-01T00:00:00+00:00")
    (section,) = speed.sections(newer, [proof(slow)])
    assert section.answer == "Fastest of 1 compared rate: pytorch in 1"
    (alone,) = speed.sections(proof(fast[:1]))
    assert "nothing to compare" in alone.answer
    rates = {row["run"]: row["share"] for row in section.charts["rates"].data["rows"]}
    assert rates == {"jax": 0.25, "pytorch": 1}
    past = {(row["run"], row["at"]): row["relative"] for row in section.charts["history"].data["rows"]}
    assert past["pytorch", newer.made_at] == 2
    assert past["jax", newer.made_at] == 0.5


def test_a_ceiling_and_the_energy_are_drawn_where_they_were_measured() -> None:
    one = figures("cost", "pytorch", **{"gru:_share_of_the_ceiling": 0.25, "gru:_J_per_step": 1.5})
    (section,) = speed.sections(proof([one]))
    assert section.charts["ceilings"].data["rows"] == [{"workload": "gru", "run": "pytorch", "share": 0.25}]
    assert section.charts["energy"].data["rows"] == [{"workload": "gru", "run": "pytorch", "joules": 1.5}]
    assert section.view["measured"] is True


def test_the_newest_of_several_proofs_is_shown_and_compared_with_the_one_before() -> None:
    result = computed("attribution")
    records = tuple(
        replace(one, sample=tuple(2 * (value or 0) for value in one.sample), digest="0" * 16)
        if one.name == "loss" and one.step > 40 else one
        for one in result.records
    )  # fmt: skip
    other = replace(result, records=records, fingerprint="1")
    old = proof([run("attribution", "reference", result), run("attribution", "pytorch", result)])
    new = proof(
        [run("attribution", "reference", result), run("attribution", "pytorch", other)],
        made_at="2026-12-01T00:00:00+00:00",
    )
    found = of(new, old)  # whatever their order
    assert found["comparison"].state == "error"
    assert found["comparison"].answer.startswith("DRIFTED")
    (chart,) = found["moved"].charts.values()
    curves_of = {(row["run"], row["proof"]): str(row["values"]) for row in chart.data["curves"]}
    assert curves_of["pytorch", "now"] != curves_of["pytorch", "before"]
    assert of(old)["losses"].charts.keys() == found["losses"].charts.keys()
    assert "comparison" not in of(old)


def test_portability_is_one_table_with_a_row_for_each_environment() -> None:
    seen = tuple(
        Observation(table=f"with {name}", row=row, text=text)
        for name in ("2 threads", "plain code")
        for row, text in (("training", f"bits under {name}"), ("of all", "19 of 20 keep their bits"))
    )
    result = replace(computed("attribution"), observations=(*seen, Observation(table="seeds", row="a", text="b")))
    (section,) = tables.sections(shown(proof([run("determinism", "pytorch", result)]).runs))
    portability, seeds = listed(section, "grids")
    assert portability.rows[0] == (
        "2 threads", ("training: bits under 2 threads; of all: 19 of 20 keep their bits",)
    )  # fmt: skip
    assert [row for row, _ in portability.rows] == ["2 threads", "plain code"]
    assert (seeds.title, seeds.rows) == ("seeds", (("a", ("b",)),))


def test_hostile_texts_of_a_proof_are_texts() -> None:
    bad = '</script><script>mark("ran")</script>\u202e'
    result = replace(computed("attribution"), observations=(Observation(table=bad, row=bad, text=bad),))
    html = pages.html(proof([run("attribution", "pytorch", result)], replace(proofs.failed(), summary=bad, script=bad)))
    assert 'mark("ran")' not in html
    assert "\u202e" not in html


def colours_of(uri: str) -> set[tuple[int, ...]]:
    """Return the colours in the palette of a PNG."""
    raw = base64.b64decode(uri.partition(",")[2])
    at = raw.index(b"PLTE")
    length = int.from_bytes(raw[at - 4 : at], "big")
    palette = raw[at + 4 : at + 4 + length]
    return {tuple(palette[place : place + 3]) for place in range(0, length, 3)}


def test_the_proof_of_these_tests_is_whole() -> None:
    """What it rests on: a proof that is saved and read, with pictures of every check that draws."""
    read = msgspec.json.decode(msgspec.json.encode(proofs.real()), type=Proof)
    drawn = {one.job.check for one in read.runs if one.result is not None and one.result.pictures}
    assert drawn == set(CHECKS)


def test_a_proof_of_another_profile_is_not_compared_and_the_page_says_so() -> None:
    """A full run takes more steps than a quick one: it would have drifted on any machine."""
    runs = [run("boundary", "pytorch", computed("boundary"))]
    quick = proof(runs, proofs.passed(), made_at="2026-11-29T12:00:00+00:00")
    full = replace(proof(runs, proofs.passed()), profile="full")
    shown = of(quick, full)
    assert "comparison" not in shown
    assert "moved" not in shown
    assert shown["proof"].view["unlike"] == 1
    assert "comparison" in of(quick, replace(full, profile="quick"))


def test_a_proof_in_which_nothing_finished_is_shown_and_nothing_is_compared() -> None:
    """A page of a crash beside the last good proof is what people send."""
    good = run("boundary", "pytorch", computed("boundary"))
    crashed = replace(good, outcome="crashed", result=None, cause="signal 11")
    shown = of(proof([good], proofs.passed()), proof([crashed], made_at="2026-12-01T00:00:00+00:00"))
    assert shown["proof"].state == "unknown"
    assert shown["comparison"].state == "unknown"
    found: Any = shown["comparison"].view["found"]
    assert found.missing == ("the proof proof-1.json: the proof has no finished run",)
    assert "moved" not in shown


@pytest.mark.parametrize(
    "spoilt", [{"about": "none"}, {"about": "rate (1, x), start"}, {"shape": ()}, {"shape": (64,)}, {"shape": (0, 0)}]
)
def test_a_spoilt_picture_is_an_error_of_the_file(spoilt: dict[str, Any]) -> None:
    result = computed("sgd")
    pictures = tuple(replace(one, **spoilt) if one.name.startswith("basins") else one for one in result.pictures)
    runs = shown(proof([run("sgd", "reference", replace(result, pictures=pictures))]).runs)
    with pytest.raises(WrongInputError, match=r"basins of .* is spoilt"):
        list(valleys.sections(runs))


def test_a_rule_that_fails_in_one_framework_is_not_counted_by_another() -> None:
    result = computed("boundary")
    first = next(one for one in result.invariants if one.name.endswith("learns the boundary"))
    failing = replace(
        result, invariants=tuple(replace(one, holds=False) if one is first else one for one in result.invariants)
    )
    pairs = (result, result), (failing, result), (result, failing)
    learned = [
        list(boundaries.sections(shown(proof([run("boundary", "jax", one), run("boundary", "pytorch", two)]).runs)))
        for one, two in pairs
    ]
    counts = [int(section.answer.partition(" ")[0]) for (section,) in learned]
    assert counts == [counts[0], counts[0] - 1, counts[0] - 1]
