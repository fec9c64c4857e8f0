"""A licence is found in the facts first, then in what a part says of itself, and never guessed."""

from __future__ import annotations

import pytest

from gpusetup.facts import facts
from gpusetup.licences.judge import is_free_software, judge
from gpusetup.licences.model import Part

FREE = {"MIT", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-only"}


def part(key: str, spdx: str = "", licence: str = "") -> Part:
    name = key.partition("/")[2]
    return judge([Part(key=key, name=name, where="environment", spdx=spdx, licence=licence)], facts())[0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("(MIT OR GPL-2.0-only) AND Apache-2.0", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND MIT", True),
        ("MIT AND LicenseRef-Secret", None),
        ("MIT OR LicenseRef-Secret", None),
        ("All rights reserved", None),
        ("MITX", None),
        ("", None),
        ("AND", None),
    ],
)
def test_an_expression_is_free_only_if_every_licence_in_it_is(expression: str, expected: bool | None) -> None:
    assert is_free_software(expression, FREE) is expected


def test_the_longest_pattern_counts() -> None:
    assert part("pypi/nvidia-cublas").free is False
    assert part("pypi/nvidia-nccl-cu12").free is True  # NVIDIA's, and free
    assert part("pypi/nvidia-cudnn-cu13").licence == "cuDNN Software License Agreement"
    assert part("pypi/nvidia-ml-py").free is True


def test_facts_come_before_what_a_part_says_of_itself() -> None:
    lying = part("pypi/nvidia-cublas", spdx="MIT")
    assert (lying.free, lying.fact) == (False, "licence-nvidia-wheels-on-pypi")
    assert lying.sources


def test_what_nobody_tells_is_not_known() -> None:
    silent = part("pypi/of-nobody")
    assert (silent.free, silent.redistributable, silent.fact) == (None, "", "")


@pytest.mark.parametrize(
    ("words", "free"), [("Apache Software License", True), ("BSD License", True), ("Proprietary", None)]
)
def test_metadata_older_than_spdx_is_understood_by_the_table(words: str, free: bool | None) -> None:
    assert part("pypi/something", licence=words).free is free


def test_every_pattern_of_the_facts_covers_something_of_its_own() -> None:
    patterns = [pattern for row in facts().licence for pattern in row.covers]
    assert len(patterns) == len(set(patterns))
    assert all("/" in pattern for pattern in patterns)
