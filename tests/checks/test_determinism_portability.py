"""A fresh process finds the same bits as another, and other ones where the instruction set is another."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from checks.common.host import instructions
from checks.determinism import portability
from checks.determinism.portability import run, variants
from tests.checks.one_job import JOB

HASHES = {"PYTHONHASHSEED": "0"}  # without it, the order of a set is another in every process
PYTORCH = dataclasses.replace(JOB, check="determinism", framework="pytorch")


@pytest.mark.frameworks
def test_random_numbers_follow_the_vector_width() -> None:
    """`torch.randn` draws 16 numbers and more by vector code, which the plain build of ATen does not have."""
    if not {"avx2", "fma"} <= instructions():
        pytest.skip("this processor has no wider instructions than the plain build uses")
    first, again = run(PYTORCH, HASHES), run(PYTORCH, HASHES)
    assert first == again
    plain = run(PYTORCH, HASHES | {"ATEN_CPU_CAPABILITY": "default"})
    assert plain["randn"] != first["randn"]
    assert plain["rand"] == first["rand"]


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="nonesuch"):
        run(dataclasses.replace(PYTORCH, framework="nonesuch"), {})


@pytest.mark.parametrize(("flags", "wide"), [({"avx2", "fma"}, False), ({"avx512f"}, False), (None, True)])
def test_instructions_that_the_processor_lacks_are_not_tried(
    flags: set[str] | None, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = {"avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"}
    monkeypatch.setattr(portability, "instructions", lambda: frozenset(every if flags is None else flags))
    lacking = {one.name: one.lacking for one in variants("pytorch")}
    assert (lacking["ATen's AVX-512 code"] == "") is wide
    assert lacking["ATen's plain code"] == ""


def test_a_process_that_dies_without_a_word_tells_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text("import os; os.abort()")
    monkeypatch.setattr(portability, "_SCRIPT", script)
    with pytest.raises(RuntimeError, match="exit status -6"):
        run(PYTORCH, {})
