"""Remedies: each one names what it changes, and what its rule found is then gone."""

from __future__ import annotations

import msgspec
import pytest

from gpusetup.doctor.examine import judge
from gpusetup.doctor.image import image_rules
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.cache import read_rows, write
from gpusetup.doctor.remedies.fixes import row, table
from gpusetup.doctor.rule import Fix
from gpusetup.doctor.table import read_table
from gpusetup.machine.model import Machine
from tests.doctor.changes import after
from tests.doctor.machines import Case, cases
from tests.each import each

RULES = all_rules()
UNCHANGED = read_table("remedies/unchanged", dict[str, str])
FOUND = [case for case in cases() if case.state != "unknown"]


def advised(case: Case) -> list[tuple[str, Fix]]:
    """Return the subject and the remedy of everything that the case's rule finds."""
    found = judge(RULES[case.rule], case.fires)
    return [(one.subject, Fix(one.remedy.fix, one.remedy.values)) for one in found if one.remedy and one.remedy.fix]


def imported_again(machine: Machine, fixes: list[Fix]) -> Machine:
    """Return `machine` with its frameworks not imported yet, unless `fixes` say what an import then shows.

    What a framework answered before a repair of the driver, or of another package, says nothing of the time after it.
    """
    shown = any(path.startswith("frameworks/") for fix in fixes for path in row(fix.name).changes)
    return machine if shown else msgspec.structs.replace(machine, frameworks=None)


@each("case", FOUND, ids=lambda case: case.name)
def test_what_a_remedy_changes_makes_its_finding_go_away(case: Case) -> None:
    changing = [(subject, fix) for subject, fix in advised(case) if row(fix.name).changes]
    fixes = [fix for _, fix in changing]
    repaired = imported_again(after(case.fires, fixes), fixes)
    left = {one.subject for one in judge(RULES[case.rule], repaired) if one.state not in {"ok", "unknown", "skipped"}}
    assert not left & {subject for subject, _ in changing}, sorted({fix.name for _, fix in changing})


@each("name", sorted(table()))
def test_a_remedy_either_changes_a_reading_or_says_why_nothing_here_changes(name: str) -> None:
    one = row(name)
    assert bool(one.changes) != bool(one.unchanged)
    assert not (one.unchanged and one.step is not None), "a step changes something"
    assert not one.unchanged or one.unchanged in UNCHANGED


def test_every_reason_why_nothing_changes_is_given() -> None:
    assert {one.unchanged for one in table().values()} - {""} == set(UNCHANGED)


def test_every_remedy_that_changes_something_is_tried_on_a_host() -> None:
    tried = {fix.name for case in FOUND for _, fix in advised(case)}
    of_images = {name for rule in image_rules().values() for name in rule.remedies}
    changing = {name for name, one in table().items() if one.changes}
    assert changing - tried <= of_images


def test_an_edited_remedy_is_not_shadowed_by_what_was_compiled(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "some.toml"
    file.write_text('[one]\ntext = "old"\nsource = "s"\nunchanged = "look"\nby_hand = "judgement"\n')
    write(str(tmp_path))
    file.write_text(file.read_text().replace("old", "new"))
    assert msgspec.json.decode(read_rows(str(tmp_path))["one"])["text"] == "new"


def test_a_remedy_that_is_none_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "some.toml").write_text('[one]\ntext = "old"\nsauce = "s"\n')
    with pytest.raises(ValueError, match="remedy one: "):
        read_rows(str(tmp_path))
