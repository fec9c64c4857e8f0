"""What a host says of itself never formats our output."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.report.console import console
from gpusetup.text import neutral


@given(st.text())
def test_neutral_text_is_one_printable_line(text: str) -> None:
    line = neutral(text)
    assert len(line.splitlines()) <= 1
    assert line.isprintable()


def test_plain_text_stays_as_it_is() -> None:
    assert neutral("NVIDIA GeForce RTX™ 4090 – 24 GB") == "NVIDIA GeForce RTX™ 4090 – 24 GB"


def test_an_escape_sequence_becomes_visible() -> None:
    assert neutral("GPU\x1b[2J\u202e") == "GPU\\x1b[2J\\u202e"


def test_markup_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    console().print("[red]GPU[/red] :boom:")
    assert out.getvalue() == "[red]GPU[/red] :boom:\n"
