"""The page of symptoms names rules that exist, and every rule."""

from __future__ import annotations

import re
from pathlib import Path

from gpusetup.doctor.registry import explained_rules

PAGE = (Path(__file__).parents[2] / "docs/evidence/symptoms.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([A-Z]+-\d+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
RULE = re.compile(r"\b[A-Z]{3}\d{3}\b")
REASONS = set(re.findall(r"^- \*([a-z -]+)\*:", PAGE, re.MULTILINE))


def test_every_rule_that_is_named_exists_and_every_rule_is_named() -> None:
    named, there = set(RULE.findall(PAGE)), set(explained_rules())
    assert sorted(there - named) == [], (
        "name them in docs/evidence/symptoms.md: beside a symptom, or in the list at its end"
    )
    assert sorted(named - there) == [], "docs/evidence/symptoms.md names rules that do not exist"


def test_every_symptom_has_a_rule_or_a_reason() -> None:
    given: set[str] = set()
    for symptom, _, seen in ROWS:
        reasons = set(re.findall(r"\*([a-z -]+)\*", seen))
        assert reasons <= REASONS, symptom
        assert RULE.search(seen) or reasons, symptom
        given |= reasons
    assert given == REASONS, "a reason at the head of the page that no symptom has, or one that is not explained there"


def test_every_row_of_the_page_is_read_and_has_an_id_of_its_own() -> None:
    ids = [symptom for symptom, _, _ in ROWS]
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [A-Z]", line)]
    assert len(rows) == len(ids)
    assert [symptom for symptom in set(ids) if ids.count(symptom) > 1] == [], "take the next number of the section"
