"""Requirements are judged as the packaging library judges them, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gpusetup.doctor.software.requirement import unmet
from tests.support import examples


@pytest.mark.parametrize(
    ("requirement", "version", "met"),
    [
        ('nvidia-cudnn-cu13==9.24.0.43; platform_system == "Linux"', "9.24.0.43", True),
        ('nvidia-cudnn-cu13==9.24.0.43; platform_system == "Linux"', "9.20.0.48", False),
        ('nvidia-cudnn-cu13==9.24.0.43; platform_system == "Windows"', "9.20.0.48", True),
        ('nvidia-cudnn-cu13==9; platform_system == "Linux" and platform_machine == "x86_64"', "8.0", False),
        ('nvidia-cudnn-cu13==9; platform_system == "Linux" and platform_machine == "aarch64"', "8.0", True),
        ('nvidia-cudnn-cu13<10.0,>=9.3.0.75; extra == "and-cuda"', "9.1.0.70", False),
        ('nvidia-cudnn-cu13>=9; python_version < "3.13"', "8.0", True),  # which Python is not known for sure
        ("nvidia_cudnn_cu13 (>=9)", "8.0", False),
        ("nvidia-cudnn-cu13~=9.1", "9.24.0.43", True),
        ("nvidia-cudnn-cu13~=9.1.0", "9.24.0.43", False),
        ("nvidia-cudnn-cu13==9.*", "9.24.0.43", True),
        ("nvidia-cudnn-cu13!=9.*", "9.24.0.43", False),
        ("nvidia-cudnn-cu13>=9rc1", "8.0", True),  # a pre-release: nothing is claimed
        ("something-else>=9", "8.0", True),  # not installed
        ("nvidia-cudnn-cu13 @ https://example.org/x.whl", "8.0", True),
        (";;;", "8.0", True),
    ],
)
def test_what_is_surely_unmet_is_told(requirement: str, version: str, met: bool) -> None:
    told = unmet(requirement, {"nvidia-cudnn-cu13": version}, "x86_64")
    assert (told == "") is met
    assert met or told.startswith(f"nvidia-cudnn-cu13 {version} is installed, ")


RELEASE = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@examples(300)
@given(version=RELEASE, wanted=RELEASE, sign=st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~="]))
def test_plain_releases_compare_as_the_packaging_library_has_it(version: str, wanted: str, sign: str) -> None:
    if sign == "~=" and "." not in wanted:
        return  # not a specifier
    theirs = Version(version) in SpecifierSet(f"{sign}{wanted}")
    assert (unmet(f"x{sign}{wanted}", {"x": version}, "x86_64") == "") is theirs
