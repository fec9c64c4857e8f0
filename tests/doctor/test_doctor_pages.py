"""``docs/rules/`` is what the code says now."""

from __future__ import annotations

import re

import pytest

from gpusetup.doctor.catalogue import all_rules
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
