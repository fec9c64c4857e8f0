"""The first law: a check that could not look says unknown, and unknown is never healthy."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.gpu.subjects import each_gpu
from gpusetup.doctor.image import rules_for
from gpusetup.doctor.outcome.verdict import exit_code, headline, verdict
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.rule import Rule, RuleResults, either, error, known, listed, optional, rule, unlisted
from gpusetup.facts import facts
from gpusetup.machine.model import Gpu, Machine, Unread
from gpusetup.machine.model.reading import Why
from tests.doctor.asked_before import AskedBefore
from tests.doctor.first_law import (
    SUBSTITUTES,
    Tally,
    WatchedFacts,
    every_reading,
    question,
    question_facts,
    replaced,
)
from tests.doctor.machines import HOSTS, cases, machine
from tests.doctor.test_doctor_image import cases as image_cases
from tests.doctor.watched import Path, Watcher
from tests.support import drawn, examples

RULES = all_rules()
CASES = cases()
WELL = {"healthy", "no-gpu"}
SEVERAL = [name for name in HOSTS if len(either(machine(name).gpus) or ()) > 1]
EACH_HOST = [pytest.param(name, marks=pytest.mark.slow) if name in SEVERAL else name for name in HOSTS]
"""Those of several GPUs have the same readings several times over, and take seconds."""


@pytest.mark.parametrize("host", EACH_HOST)
def test_no_rule_is_well_without_a_reading_that_it_asked_for(host: str) -> None:
    tally, whole = Tally(), machine(host)
    watcher = Watcher(whole)
    for one in RULES.values():
        question(one, watcher, whole, tally)
    assert tally.breaches == []
    assert tally.readings > 100


def test_no_rule_is_well_without_a_reading_on_the_hosts_of_its_cases() -> None:
    tally, some = Tally(), drawn("cases put to the question", CASES, len(CASES) // 2)
    for case in some:
        for host in (case.fires, case.quiet):
            question(RULES[case.rule], Watcher(host), host, tally)
    assert tally.breaches == []
    assert tally.readings > 2 * len(some)


def test_no_rule_is_well_without_a_fact_that_it_asked_for() -> None:
    tally, tables = Tally(), WatchedFacts()
    hosts = [(one, machine(host)) for host in HOSTS for one in RULES.values()]
    hosts += [
        (RULES[case.rule], host)
        for case in drawn("cases without a fact", CASES, len(CASES) // 2)
        for host in (case.fires, case.quiet)
    ]
    with tables.installed():
        for one, host in hosts:
            question_facts(one, host, tally, tables)
    assert tally.breaches == []
    assert tally.facts > 100


def test_no_rule_over_an_image_is_well_without_a_reading_or_a_fact() -> None:
    tally, tables = Tally(), WatchedFacts()
    pairs = [pair for case in image_cases() for pair in ((case.machine, case.image), case.quiet)]
    for host, image in pairs:
        watcher = Watcher(host)
        for one in rules_for(image):
            question(one, watcher, host, tally)
    with tables.installed():
        for host, image in pairs:
            for one in rules_for(image):
                question_facts(one, host, tally, tables)
    assert tally.breaches == []
    assert tally.readings > 10
    assert tally.facts > 10


# the instrument sees what it is there for


@rule(
    "AAA001", "a-slug", "takes a reading for evidence and judges by it", worst="error", over=each_gpu, source="a test"
)
def careless(machine: Machine, gpu: Gpu) -> RuleResults:
    """Calls a GPU well whose temperature nobody could read."""
    if (either(gpu.temperature) or 0) > 100:
        yield error("hot", "temperature")


@rule("AAA002", "a-slug", "says why it can do without", worst="error", over=each_gpu, source="a test")
def careful(machine: Machine, gpu: Gpu) -> RuleResults:
    """Says so of what it does not rest on."""
    if (optional(gpu.temperature, "the fan tells as well") or 0) > 100:
        yield error("hot", "temperature")


@rule("AAA003", "a-slug", "takes a missing row for good news", worst="error", source="a test")
def credulous(machine: Machine) -> RuleResults:
    """Finds nothing wrong with a driver that is in no table."""
    branch = str(known(machine.driver.nvml)).partition(".")[0]
    row = next((row for row in facts().branch if row.branch == branch), None)
    if row and row.cc_min == "99.9":
        yield error("never", "a row")


@rule("AAA004", "a-slug", "asks for a row that must be there", worst="error", source="a test")
def thorough(machine: Machine) -> RuleResults:
    """Is unknown without the row."""
    branch = str(known(machine.driver.nvml)).partition(".")[0]
    if listed((row for row in facts().branch if row.branch == branch), branch).cc_min == "99.9":
        yield error("never", "a row")


@rule("AAA005", "a-slug", "asks for a row that it can do without", worst="error", source="a test")
def lenient(machine: Machine) -> RuleResults:
    """Says so."""
    branch = str(known(machine.driver.nvml)).partition(".")[0]
    row = unlisted((row for row in facts().branch if row.branch == branch), branch, "it is a test")
    if row and row.cc_min == "99.9":
        yield error("never", "a row")


@pytest.mark.parametrize(("one", "breaches", "waived"), [(careless, 3, 0), (careful, 0, 3)])
def test_a_rule_that_turns_well_without_its_reading_is_caught(one: Rule, breaches: int, waived: int) -> None:
    tally, host = Tally(), machine()
    question(one, Watcher(host), host, tally)
    assert (len(tally.breaches), tally.waived) == (breaches, waived)


@pytest.mark.parametrize(("one", "breaches", "waived"), [(credulous, 1, 0), (thorough, 0, 0), (lenient, 0, 1)])
def test_a_rule_that_turns_well_without_its_row_is_caught(one: Rule, breaches: int, waived: int) -> None:
    tally, tables = Tally(), WatchedFacts()
    with tables.installed():
        question_facts(one, machine(), tally, tables)
    assert (len(tally.breaches), tally.waived) == (breaches, waived)


@rule(
    "AAA006", "a-slug", "takes the fan where the temperature is unknown", worst="error", over=each_gpu, source="a test"
)
def resourceful(machine: Machine, gpu: Gpu) -> RuleResults:
    """Asks for a second reading only where the first is missing."""
    if isinstance(gpu.temperature, Unread) and known(gpu.fan) == 0:
        yield error("hot", "fan")


def test_only_the_same_question_is_not_put_again() -> None:
    tally, before = Tally(), AskedBefore()
    still = {"gpus": {"0": {"fan": 0}}}
    for change in ({}, {"gpus": {"0": {"power": 17.0}}}, {"gpus": {"0": {"temperature": 17}}}, still, still):
        host = machine("desktop", change)
        question(resourceful, Watcher(host), host, tally, before)
    assert (tally.examinations, tally.same) == (5, 2)
    assert len(tally.breaches) == 3 * 2, "a moving fan makes it well without the temperature, on two of the hosts asked"


def traced(*names: str) -> dict[Path, object]:
    return {(name,): 1 for name in names}


def test_a_rule_that_is_no_function_of_what_it_asks_is_caught() -> None:
    before = AskedBefore()
    first, *others = (traced(*names.split()) for names in ("a b", "a c", "a", "a b c"))
    before.note("a rule", first)
    for other in others:
        with pytest.raises(AssertionError, match="after the same answers"):
            before.note("a rule", other)


# the whole report


@pytest.mark.parametrize("host", EACH_HOST)
def test_no_report_is_healthy_when_a_rule_could_not_look(host: str) -> None:
    whole = machine(host)
    before = {(one.rule, one.subject): one for one in examine(whole, RULES.values())}
    lacking = 0
    for path in every_reading(whole):
        if path[0] == "gpus" and path[1:2] not in {(), (0,)}:
            continue  # the others are its equals
        found = examine(replaced(whole, path, SUBSTITUTES[1]), RULES.values())
        changed = [one for one in found if one != before.get((one.rule, one.subject))]
        if verdict(found) in WELL:
            needless = [one for one in changed if one.state == "ok" or one.caused_by == "GPU001"]
            assert needless == changed, f"{path}: {headline(found)}"
        lacking += bool(changed)
    assert lacking > 50


@pytest.mark.parametrize("why", ["absent", "denied", "failed", "timeout", "unsupported"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_machine_of_nothing_but_unread_is_unknown(host: str, why: str) -> None:
    blind = machine(host)
    for path in sorted(every_reading(blind), key=len, reverse=True):
        blind = replaced(blind, path, Unread(unread=why, source="a test"))  # type: ignore[arg-type]
    found = examine(blind, RULES.values())
    assert verdict(found) not in WELL
    assert exit_code(found, RULES.values(), "error") != 0
    assert "healthy" not in headline(found)


WHYS: st.SearchStrategy[Why] = st.sampled_from(["absent", "denied", "failed", "timeout", "unsupported"])
CODES = st.none() | st.sampled_from([3, 4, 8, 9, 12, 15, 16, 17, 18, 999]) | st.integers(0, 2**31 - 1)


def without(value: Any, path: Path, new: Unread) -> Any:
    copy = json.loads(msgspec.json.encode(value))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = json.loads(msgspec.json.encode(new))
    return msgspec.convert(copy, Machine)


@examples(150)
@given(host=st.sampled_from(HOSTS), data=st.data())
def test_whatever_cannot_be_read_no_rule_is_at_fault(host: str, data: st.DataObject) -> None:
    whole = machine(host)
    # a longer path first: a reading inside another that is taken away is gone already
    taken = data.draw(st.sets(st.sampled_from(list(every_reading(whole))), min_size=1, max_size=12))
    for path in sorted(taken, key=len, reverse=True):
        unread = Unread(unread=data.draw(WHYS), source="a test", detail=data.draw(st.text()), code=data.draw(CODES))
        whole = without(whole, path, unread)
    found: tuple[Finding, ...] = examine(whole, RULES.values())
    assert not any("at fault" in " ".join(one.evidence) for one in found)
