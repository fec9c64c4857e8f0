"""The pages of clean campaigns and of upstream faults count what stands in them, and every alarm is explained."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tools import campaigns_page
from tools.campaigns_page import Campaigns, name_frameworks, read_table, write_page, write_row

ROW = Campaigns(
    frameworks=("PyTorch 2.13.0",),
    numpy="2.4.6",
    threads=(1, 2),
    processors=("this processor", "AVX2"),
    campaigns=4,
    day="2026-11-30",
    cases=1000,
    samples=30,
)


def test_the_page_is_what_the_table_says() -> None:
    assert campaigns_page.PAGE.read_text("utf-8") == write_page(read_table()), "run `python -m tools.campaigns_page`"


def test_campaigns_and_alarms_are_added_up() -> None:
    page = write_page([ROW, msgspec.structs.replace(ROW, alarms=3, false=1, note="one of ours")])
    assert "8 campaigns: 2 alarms true of the release, 1 false" in page
    assert "2,000 were judged; 60 of them" in page
    assert "| 1,000 | 3 alarms: one of ours |" in page


def test_an_alarm_without_a_note_is_refused() -> None:
    with pytest.raises(SystemExit, match="3 alarms and no note"):
        write_page([msgspec.structs.replace(ROW, alarms=3)])


def test_a_row_that_is_added_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns_page, "TABLE", tmp_path / "table.toml")
    odd = msgspec.structs.replace(ROW, note='a "quoted" \\ note, µ')
    for row in (ROW, odd):
        campaigns_page.append(row)
    assert read_table() == (ROW, odd)
    assert write_row(ROW) in (tmp_path / "table.toml").read_text("utf-8")


def test_a_release_that_was_not_tried_is_named() -> None:
    tried = [ROW, msgspec.structs.replace(ROW, frameworks=("TensorFlow 2.16.2", "JAX 0.4.30"), numpy="2.0.2, 1.26.4")]
    missing = campaigns_page.missing(tried)
    assert {"TensorFlow 2.15", "TensorFlow 2.21", "JAX 0.5", "JAX 0.10", "NumPy 2.3"} <= set(missing)
    assert not {"PyTorch 2.13", "TensorFlow 2.16", "JAX 0.4", "NumPy 2.4", "NumPy 2.0", "NumPy 1.26"} & set(missing)


def test_versions_are_those_of_the_environments() -> None:
    keys = [{"torch": "2.13.0+cpu", "numpy": "1.26.4"}, {"numpy": "1.26.4"}, {"jax": "0.4.30", "numpy": "2.0.2"}]
    assert name_frameworks(keys) == (("PyTorch 2.13.0", "JAX 0.4.30"), "1.26.4, 2.0.2")


def test_the_upstream_faults_are_counted_right() -> None:
    page = (campaigns_page.PAGE.parent / "upstream-faults.md").read_text("utf-8")
    parts = page.partition("## Not found")
    found, other = (
        [
            line.strip("|").split("|")
            for line in part.splitlines()
            if line.startswith("| ") and "| threads |" not in line
        ]
        for part in (parts[0], parts[2])
    )
    published = sum(bool(re.search(r"#\d", row[2])) for row in [*found, *other])
    assert f"{len(found) + len(other)} faults were tried, {published} of them published" in page
    assert f"{len(found)} were found, and the last column says why {len(other)} were not" in page
