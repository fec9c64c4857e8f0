"""``docs/rules/`` is what the code says now."""

from __future__ import annotations

import re

import pytest

from gpusetup.doctor.catalogue import all_rules, explained_rules
from gpusetup.doctor.examine import examine
from gpusetup.doctor.fixes import table
from gpusetup.doctor.mentions import mentions
from gpusetup.doctor.page import named, page
from tests.doctor.machines import Case, cases
from tools.rule_pages import FOLDER, pages

RULES = all_rules()


def test_the_pages_are_current() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert there == pages(), "run .venv/bin/python tools/rule_pages.py"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_explains_itself(name: str) -> None:
    rule = RULES[name]
    assert re.fullmatch(r"[A-Z]{3}\d{3}", name)
    assert len(rule.docs.split()) >= 10, "a sentence that helps"
    assert not rule.title.endswith(".")
    assert rule.source


def test_there_are_a_hundred_rules_and_more() -> None:
    assert len(RULES) >= 100


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_page_tells_every_remedy_that_the_rule_gives(case: Case) -> None:
    rule = RULES[case.rule]
    given = {one.remedy.fix for one in examine(case.fires, [rule]) if one.remedy is not None and one.remedy.fix}
    assert given <= named(rule).keys()
    assert page(rule, ()).count("```console") >= len(given)


def test_no_page_tells_a_remedy_that_the_rule_does_not_give() -> None:
    told = {name: mentions(rule.judge) & table().keys() for name, rule in explained_rules().items()}
    assert told["KRN104"] == {"restart"}
    assert told["DRV103"] == {"open-module", "proprietary-module"}
    assert told["XID008"] == set()
    assert set().union(*told.values()) == set(table()), "a remedy that no rule gives"
