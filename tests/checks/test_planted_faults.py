"""A planted fault is caught by the verdict that should catch it, at the place where it was planted.

The whole table takes minutes: `benchmarks/selftest_planted_faults.py` runs it. Here: of some checks one fault each,
drawn anew each time, in the one framework or the other.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.selftest.registry import checks
from tests.checks.planted import ROOT, Fault, caught, faults, run
from tests.support import chance, drawn


def sample() -> list[Fault]:
    """Return a fault of some checks and one of JAX, which compiles long; the command's test has the swapped gates."""
    jax, others = ([one for one in faults() if (one.framework == "jax") == is_jax] for is_jax in (True, False))
    draw = chance("planted faults")
    checks = drawn("checks with a planted fault", sorted({one.check for one in others}), 2)
    return [*(draw.choice([one for one in others if one.check == check]) for check in checks), draw.choice(jax)]


def test_every_fault_can_still_be_planted(tmp_path: Path) -> None:
    """A fault whose text is gone from the check would silently test nothing."""
    from tests.checks.planted import plant

    for number, fault in enumerate(faults()):
        plant(fault, f"fault_{number}", tmp_path)


def test_every_check_has_faults_planted_and_a_row_in_its_page() -> None:
    names = set(checks())
    page = (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert {one.check for one in faults()} == names, "plant faults in it: tests/checks/faults/NAME.toml"
    assert [name for name in sorted(names) if f"\n| `{name}` |" not in page] == [], "give it a row in docs/checks.md"


def test_titles_are_unique() -> None:
    titles = [fault.title for fault in faults()]
    assert len(set(titles)) == len(titles)


@pytest.mark.frameworks
def test_the_sampled_faults_are_caught_where_they_are(tmp_path: Path) -> None:
    chosen = sample()
    failures = run(chosen, tmp_path)
    missed = [
        (fault.title, [(one.kind, one.summary, one.evidence) for one in failures[fault.title]])
        for fault in chosen
        if not caught(fault, failures[fault.title])
    ]
    assert missed == []


def test_the_page_names_faults_that_are_planted_and_misses_none() -> None:
    """The campaign writes the page; a fault that was added since stands in the tables alone."""
    text = (ROOT / "docs" / "evidence" / "planted-faults.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.count("|") == 6]
    listed = {(row[0].strip(), row[1].strip(), row[2].strip()) for row in rows[2:]}
    planted = {(fault.check, fault.framework, fault.name) for fault in faults()}
    again = "run `python benchmarks/selftest_planted_faults.py`, which writes the page"
    assert listed <= planted, again
    assert {check for check, *_ in listed} == {check for check, *_ in planted}, again
    assert "**missed**" not in text
