"""Comparisons, repros and locks on the page: what they say is there, and nothing that was not compared looks well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gpusetup.errors import WrongInputError
from gpusetup.evidence.codec import to_table
from gpusetup.evidence.made import evidence
from gpusetup.evidence.model import Cause, Comparison, Moved
from gpusetup.facts import facts
from gpusetup.report.page.model import Result, Section
from gpusetup.report.page.sections import sections
from gpusetup.repro.model import Effect, Repro
from gpusetup.resolve import attempt, lock
from gpusetup.resolve.model import Stack
from gpusetup.selftest.registry import checks
from gpusetup.selftest.verdict import Changed
from tests.report_page import pages, proofs
from tests.report_page.views import listed
from tests.resolve.conftest import TODAY, ask

SAMPLES = Path(__file__).parent.parent / "samples"
THREADS = Changed(key="threads", before="1", now="2", rank=1, why="sums are taken in another order")


def moved(framework: str = "pytorch", **fields: Any) -> Moved:
    """Return one result that moved by half of its tolerance, with other `fields`."""
    given: dict[str, Any] = {"state": "within tolerance", "tensors": 1, "of": 2, "worst": 4.0, "share": 0.5} | fields
    return Moved(check="gru", framework=framework, device="cpu", precision="float32", seed=0, **given)


def comparison(*results: Moved, **fields: Any) -> Comparison:
    """Return a comparison in which the number of threads has changed."""
    cause = Cause(change=THREADS, standing="alone", moved=1, of=2)
    given: dict[str, Any] = {"verdict": "within tolerance", "before": "the lock a", "now": "the proof b"} | fields
    return Comparison(causes=(cause,), results=results, **given)


def only(value: object) -> Section:
    """Return the one section of a result."""
    (section,) = sections([Result("a file", value)])
    return section


def test_the_cause_and_the_share_of_the_tolerance_are_shown() -> None:
    found = comparison(moved(), moved("jax", share=2.5, worst=20.0, state="beyond tolerance"), verdict="drifted")
    section, html = only(found), pages.html(found)
    assert section.state == "error"
    assert "threads: 1 → 2" in html
    assert "sums are taken in another order" in html
    rows = section.charts["shares"].data["rows"]
    assert [(row["result"], row["share"]) for row in rows] == [
        ("gru, jax, cpu, seed 0", 2.5), ("gru, pytorch, cpu, seed 0", 0.5),
    ]  # fmt: skip


def test_a_result_without_a_distance_is_not_drawn_as_none() -> None:
    """One of another shape uses no share of a tolerance: at 0 % it would look best of all."""
    section = only(
        comparison(moved(), moved("jax", share=0.0, worst=None, state="beyond tolerance"), verdict="drifted")
    )
    assert [row["result"] for row in section.charts["shares"].data["rows"]] == ["gru, pytorch, cpu, seed 0"]
    assert "1 more have no distance" in section.charts["shares"].said
    assert not only(comparison(moved(share=0.0, worst=None, state="beyond tolerance"))).charts


@pytest.mark.parametrize(("verdict", "state"), [("not compared", "unknown"), ("identical", "ok"), ("drifted", "error")])
def test_what_was_not_compared_does_not_look_well(verdict: str, state: str) -> None:
    missing = moved(state="missing", why="the other side has no such run", worst=None, share=0.0)
    found = comparison(missing, verdict=verdict, missing=("gru in pytorch: the other side has no such run",))
    section = only(found)
    assert section.state == state
    (row,) = listed(section, "rows")
    assert (row.state, row.word) == ("unknown", "Missing")
    assert "the other side has no such run" in pages.html(found)


def test_a_repro_says_what_it_depends_on_and_where() -> None:
    found = msgspec.json.decode((SAMPLES / "repro.json").read_bytes(), type=Repro)
    section, html = only(found), pages.html(found)
    assert (section.state, section.answer) == ("error", "DOES NOT REPRODUCE: two runs as it is differ")
    assert "train.py:22 build" in html
    words = {row.title: row.word for row in listed(section, "rows")}
    assert words["PyTorch's generators"] == "It matters"
    assert words["TensorFlow's random operations"] == "Does not apply"
    fine = only(replace(found, reproduces=True, difference=None, effects=(), operation=None))
    assert fine.state == "ok"


def test_an_axis_that_could_not_be_varied_is_not_without_effect() -> None:
    found = msgspec.json.decode((SAMPLES / "repro.json").read_bytes(), type=Repro)
    unknown = replace(found.effects[0], state="unknown", why="unshare is not allowed")
    (row,) = listed(only(replace(found, effects=(unknown,))), "rows")
    assert (row.state, row.word, row.said) == ("unknown", "Cannot check", "unshare is not allowed")


def test_a_lock_shows_its_stack_and_its_proof() -> None:
    made = evidence(proofs.real(), checks(), {})
    stack = attempt(ask("RTX 4090", release="44"), facts(), TODAY)
    assert isinstance(stack, Stack)
    held = lock.with_profile(None, "desk", lock.profile(stack, facts()))
    held = lock.with_proof(held, "desk", to_table(made))
    section, html = only(held), pages.html(held)
    assert section.answer == "1 stack, and the proof of desk"
    assert stack.driver is not None
    assert stack.driver.version in html
    assert "boundary in pytorch" in html
    assert "boundary in reference" not in html


def test_a_spoilt_proof_in_a_lock_is_refused() -> None:
    held = lock.Lock(gpusetup="0.1.0", proof={"desk": {"profile": "quick", "threads": "many"}})
    with pytest.raises(WrongInputError, match="a file"):
        only(held)


def test_two_of_a_kind_have_titles_of_their_own() -> None:
    found = list(sections([Result("a", comparison(moved())), Result("b", comparison(moved()))]))
    assert [one.title for one in found] == ["Comparison (1)", "Comparison (2)"]


def test_a_repro_of_a_newer_version_or_of_nothing_is_shown_as_what_it_is() -> None:
    sample = msgspec.json.decode((SAMPLES / "repro.json").read_bytes(), type=Repro)
    newer = replace(sample, effects=(Effect(axis="weather", state="matters"),))
    (row,) = listed(only(newer), "rows")
    assert (row.title, row.word) == ("weather", "It matters")
    assert only(replace(sample, reproduces=True)).state == "ok"
    empty = replace(sample, reproduces=True, files=0, items=0)
    assert only(empty).state == "unknown"
    assert "Nothing was compared" in pages.html(empty)
