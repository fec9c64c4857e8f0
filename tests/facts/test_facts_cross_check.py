"""Rows are held against sources that they do not cite; every disagreement was decided, and the docs say how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from gpusetup.facts import Facts, facts
from tools import check_sources

ROOT = Path(__file__).parents[2]


def disagreements(tables: Facts) -> set[tuple[str, str]]:
    claims = [claim for check in check_sources.CHECKS for claim in check(tables)]
    return {(one.row.id, one.field) for one in claims if not one.circular and one.theirs != one.ours}


def test_every_disagreement_was_decided_and_no_decision_is_left_over() -> None:
    assert disagreements(facts()) == set(check_sources.settled())


def test_a_wrong_row_would_be_noticed() -> None:
    broken = Facts()
    swapped: dict[str, dict[str, Any]] = {
        "gpu-t4": {"pci_ids": ("1e04",)},
        "gpu-t600": {"cc": "6.1", "pci_ids": ("1fb1",)},
    }
    broken.gpu = tuple(msgspec.structs.replace(row, **swapped.get(row.id, {})) for row in broken.gpu)
    assert {("gpu-t4", "pci_ids 1e04"), ("gpu-t600", "open modules for 1fb1")} <= disagreements(broken)


def test_a_figure_with_sparsity_would_be_noticed() -> None:
    broken = Facts()
    broken.peak = tuple(msgspec.structs.replace(row, bf16=2 * row.bf16) for row in broken.peak)
    assert {("peak-h100-sxm", "bf16"), ("peak-a10", "bf16")} <= disagreements(broken)


def test_a_row_that_cites_the_source_is_not_counted() -> None:
    broken = Facts()
    source = next(iter(check_sources.compiled(broken))).source
    citing = [msgspec.structs.replace(row, cc=("1.0",), source=(source,)) for row in broken.torch_build]
    broken.torch_build = tuple(citing)
    assert not {row for row, field in disagreements(broken) if field == "cc"}


def test_the_docs_have_the_result() -> None:
    text = check_sources.PAGE.read_text(encoding="utf-8")
    table = text.partition(check_sources.FIRST)[2].partition(check_sources.LAST)[0]
    assert table == check_sources.report(facts()), "the tables changed: run `python -m tools.check_sources --write`"
    assert "**open**" not in table, "decide it in tools/cross_check/settled.toml"
