"""The page of symptoms names rules that exist, and every rule."""

from __future__ import annotations

import re
from pathlib import Path

from gpusetup.doctor.registry import explained_rules

PAGE = (Path(__file__).parents[2] / "docs/symptoms.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([A-Z]+-\d+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
RULE = re.compile(r"\b[A-Z]{3}\d{3}\b")
REASONS = set(re.findall(r"^- \*([a-z -]+)\*:", PAGE, re.MULTILINE))


def test_every_rule_that_is_named_exists_and_every_rule_is_named() -> None:
    assert set(RULE.findall(PAGE)) == set(explained_rules())


def test_every_symptom_has_a_rule_or_a_reason() -> None:
    assert len(REASONS) == 7
    for symptom, _, seen in ROWS:
        reasons = set(re.findall(r"\*([a-z -]+)\*", seen))
        assert reasons <= REASONS, symptom
        assert RULE.search(seen) or reasons, symptom


def test_symptoms_are_numbered_without_gaps() -> None:
    groups: dict[str, list[int]] = {}
    for symptom, _, _ in ROWS:
        group, _, number = symptom.partition("-")
        groups.setdefault(group, []).append(int(number))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in groups.values())
    assert f"{len(ROWS)} things that can be wrong" in PAGE
