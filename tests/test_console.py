"""What a host says of itself never formats our output."""

from __future__ import annotations

import io
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.cli._streams import Guarded
from gpusetup.report.console import console
from gpusetup.text import neutral
from tests.each import each


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


@each("width", range(20, 60))
def test_no_wrapped_line_commands_a_runner(width: int) -> None:
    """A word may come to the beginning of a line by wrapping: there ``::`` begins a workflow command."""
    out = io.StringIO()
    stream = Guarded(out)
    stream.write(textwrap.fill("a card called ::error file=x::forged and ::stop-commands::t", width) + "\n")
    stream.write("  ")
    stream.write("::debug::x\n")
    assert not [line for line in out.getvalue().splitlines() if line.lstrip().startswith("::")]
    assert "error file=x" in " ".join(out.getvalue().split())


def test_other_text_passes_the_guard_as_it_is() -> None:
    out = io.StringIO()
    stream = Guarded(out)
    for text in ("std::bad_alloc\n", "fe80::1 and ", "::1\n", "é\n\n"):
        stream.write(text)
    assert out.getvalue() == "std::bad_alloc\nfe80::1 and ::1\né\n\n"
