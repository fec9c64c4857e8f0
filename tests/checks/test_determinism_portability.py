"""A fresh process finds the same bits as another, and other ones where the instruction set is another."""

from __future__ import annotations

import dataclasses

import pytest

from checks.determinism.portability import run
from tests.checks.one_job import JOB

HASHES = {"PYTHONHASHSEED": "0"}  # without it, the order of a set is another in every process
PYTORCH = dataclasses.replace(JOB, check="determinism", framework="pytorch")


@pytest.mark.frameworks
def test_random_numbers_follow_the_vector_width() -> None:
    """`torch.randn` draws 16 numbers and more by vector code, which the plain build of ATen does not have."""
    first, again = run(PYTORCH, HASHES), run(PYTORCH, HASHES)
    assert first == again
    plain = run(PYTORCH, HASHES | {"ATEN_CPU_CAPABILITY": "default"})
    if run(PYTORCH, HASHES | {"ATEN_CPU_CAPABILITY": "avx2"}) == plain:
        pytest.skip("this processor has no wider instructions than the plain build uses")
    assert plain["randn"] != first["randn"]
    assert plain["rand"] == first["rand"]


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="nonesuch"):
        run(dataclasses.replace(PYTORCH, framework="nonesuch"), {})
