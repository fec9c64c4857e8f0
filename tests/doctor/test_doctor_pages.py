"""What each rule says of itself: its page, its names, the remedies that it declares."""

from __future__ import annotations

import re

from gpusetup.doctor.examine import examine
from gpusetup.doctor.page import SHELLS, named, page
from gpusetup.doctor.registry import all_rules, explained_rules
from gpusetup.doctor.remedies.fixes import table
from tests.doctor.machines import Case, cases
from tests.each import each
from tools.rule_pages import pages

RULES = all_rules()


def test_every_rule_has_a_page_and_the_index_leads_to_it() -> None:
    written = pages()
    rules = explained_rules()
    assert {f"{name}.md" for name in rules} == written.keys() - {"README.md"}
    for rule in rules.values():
        assert f"[{rule.id}]({rule.id}.md) | {rule.slug}" in written["README.md"]
        assert rule.title in written[f"{rule.id}.md"]


def test_a_slug_is_one_rule_s_in_words_that_no_shell_changes() -> None:
    slugs = [rule.slug for rule in explained_rules().values()]
    assert len(slugs) == len(set(slugs))
    assert [one for one in slugs if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+|vgpu|pythonpath", one)] == []


def test_a_rule_is_found_by_its_prefix() -> None:
    """`KRN205` is in ``rules/krn.py`` or in a module of the folder ``rules/krn``."""
    for rule in RULES.values():
        module = rule.judge.__module__.removeprefix("gpusetup.doctor.rules.")
        assert module.partition(".")[0] in {rule.id[:3].lower(), "gpusetup"}, rule.id


@each("name", RULES)
def test_a_rule_explains_itself(name: str) -> None:
    rule = RULES[name]
    assert re.fullmatch(r"[A-Z]{3}\d{3}", name)
    assert len(rule.docs.split()) >= 10, "a sentence that helps"
    assert not rule.title.endswith(".")
    assert rule.source


@each("case", cases(), ids=lambda case: case.name)
def test_a_page_tells_every_remedy_that_the_rule_gives(case: Case) -> None:
    rule = RULES[case.rule]
    given = {one.remedy.fix for one in examine(case.fires, [rule]) if one.remedy is not None and one.remedy.fix}
    assert given <= named(rule).keys()
    assert page(rule, ()).count("```console") >= len(given)


def test_every_remedy_is_declared_by_a_rule_and_every_declared_one_exists() -> None:
    declared = {name for rule in explained_rules().values() for name in named(rule)}
    assert declared == set(table())


def test_every_kind_of_system_has_words_on_the_pages() -> None:
    kinds = {key for one in table().values() for key in (*one.commands, *one.texts)}
    assert kinds <= set(SHELLS)
