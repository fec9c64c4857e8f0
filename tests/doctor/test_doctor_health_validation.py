"""NVIDIA's Health Validation catalogue: each of its checks has rules that exist, or the reason why it has none."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules, explained_rules
from tests.doctor.machines import machine

TABLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[2] / "docs/evidence/health-validation.toml").read_text(encoding="utf-8")
)
CHECKS: list[dict[str, Any]] = TABLE["check"]
SEEN = {"error", "warning", "info", "unknown"}
PUBLISHED = 62
"""By the catalogue's own index, read on 2026-11-30: 5 + 6 + 1 + 1 + 47 + 2."""


def test_all_of_the_catalogue_is_there() -> None:
    found: Counter[str] = Counter()
    for one in CHECKS:
        found[one["domain"]] += one.get("count", 1)
    assert dict(found) == TABLE["domains"]
    assert sum(found.values()) == PUBLISHED


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one["name"])
def test_a_check_has_rules_that_exist_or_a_reason(check: dict[str, Any]) -> None:
    assert set(check["rules"]) <= set(explained_rules())
    assert check["rules"] or check["reason"]
    assert not check["rules"] or check["ours"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one["name"])
def test_what_was_not_read_is_not_claimed(check: dict[str, Any]) -> None:
    assert check["read"] in {"page", "name", "domain"}
    assert (check["read"] == "page") <= (check.get("theirs", "not read") != "not read")
    assert check["read"] != "domain" or "not read" in check["reason"].lower()
    assert check["read"] != "domain" or check["rules"], "what is not read has rules all the same"


def test_whichever_xids_the_catalogue_has_each_is_judged() -> None:
    rules = [rule for name, rule in all_rules().items() if name.startswith("XID")]
    (of_codes,) = [one for one in CHECKS if one["name"].startswith("gpu_xid_N")]
    for number in range(1, 256):
        line = f"[  100.000000] NVRM: Xid (PCI:0000:01:00): {number}, pid=7, name=python"
        found = examine(machine(change={"system": {"kernel": {"log!": [line]}}}), rules)
        said = [one for one in found if one.state in SEEN]
        assert len(said) == 1, number
        assert said[0].rule in of_codes["rules"], number
        named = said[0].rule in {"XID007", "XID008"} and said[0].state == "info"
        assert named or said[0].state in {"error", "warning"}, number


def test_names_are_told_once() -> None:
    assert max(Counter(one["name"] for one in CHECKS).values()) == 1
