"""The doctor speaks the field's words: a title is found by the term that an administrator would search for."""

from __future__ import annotations

import re
import tomllib

from gpusetup.doctor.registry import explained_rules
from tests.doctor.machines import HERE
from tests.each import each

RULES = explained_rules()
TERMS: dict[str, list[str]] = tomllib.loads((HERE / "terms.toml").read_text())
SEARCHED = [
    "MSI", "modeset", "KMS", "persistence", "replay", "InfoROM", "SRAM", "memlock", "ulimit", "cgroup", "RLIMIT", "ACS",
    "NUMA", "affinity", "throttl", "thermal", "LD_PRELOAD", "PYTHONPATH", "editable", "MIG", "ECC", "Xid", "BAR", "AER",
    "NVLink", "Secure Boot",
]  # fmt: skip
"""What an administrator typed into a search of the rules, of which 23 stood in no title."""
PRIVATE = re.compile(r"\b(told|tells?|nobody|somebody|mends?|mended|switched off|doors?)\b", re.IGNORECASE)


@each("name", RULES)
def test_a_title_has_a_term_of_its_topic(name: str) -> None:
    title = RULES[name].title
    assert any(term.lower() in title.lower() for term in TERMS[name[:3]]), f"{title}: none of {TERMS[name[:3]]}"


@each("term", SEARCHED)
def test_a_rule_is_found_by_the_word_that_people_know(term: str) -> None:
    assert [one.id for one in RULES.values() if term.lower() in one.title.lower()], f"no title has {term}"


@each("name", RULES)
def test_a_title_is_short_and_in_plain_words(name: str) -> None:
    title = RULES[name].title
    assert len(title) <= 90
    assert PRIVATE.search(title) is None
    assert not title.endswith(".")
