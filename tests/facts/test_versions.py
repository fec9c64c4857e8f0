"""Versions compare by their own rules, checked against tuples, against rpm itself and against packaging."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup import versions
from gpusetup.errors import WrongInputError
from tests.support import tool

Parse = Callable[[str], Any]

SUFFIXES = st.sampled_from(["", "a1", "b2", "rc1", ".post1", ".dev0"])
numbers = st.lists(st.integers(0, 10**6), min_size=1, max_size=4)
rpm_text = st.text("019aZ.~^+_", min_size=1, max_size=8)
minors = st.integers(0, 9)
majors = st.integers(2, 13)


def write(parts: list[int], zeros: int = 0) -> str:
    return ".".join(f"{'0' * (zeros if len(str(part)) + zeros < 10 else 0)}{part}" for part in parts)


@pytest.mark.parametrize("parse", [versions.driver, versions.cuda, versions.cudnn, versions.dotted])
@given(left=numbers, right=numbers, zeros=st.integers(0, 2))
def test_dotted_versions_order_as_their_numbers(parse: Parse, left: list[int], right: list[int], zeros: int) -> None:
    assert (parse(write(left, zeros)) < parse(write(right))) == (left < right)
    assert (parse(write(left, zeros)) == parse(write(right))) == (left == right)
    assert str(parse(write(left, zeros))) == write(left, zeros)


def test_text_order_would_be_wrong() -> None:
    assert versions.driver("580.65.06") < versions.driver("580.159.04")
    assert versions.driver("580") < versions.driver("580.65.06") < versions.driver("590")
    assert versions.cudnn("9.9.0.52") < versions.cudnn("9.10.2.21")
    assert versions.cuda("12.6.3").series == "12.6"
    assert versions.capability("9.0") < versions.capability("10.0")


def test_two_kinds_do_not_compare() -> None:
    with pytest.raises(TypeError):
        assert versions.driver("580") < versions.cuda("13.0")  # type: ignore[operator] # what is tested
    assert versions.driver("13.0") != versions.cuda("13.0")


@pytest.mark.parametrize("text", ["", "580.", ".1", "580-1", "5 80", "v580", "٥٨٠", "1" * 10, "1.2\n"])
@pytest.mark.parametrize("parse", [versions.driver, versions.cuda, versions.cudnn, versions.dotted])
def test_what_is_no_version_is_refused(parse: Parse, text: str) -> None:
    with pytest.raises(WrongInputError):
        parse(text)


@pytest.mark.parametrize("text", ["", "8", "8.", "sm_89", "8.9b", "8.10", "-8.9", "8.9 "])
def test_what_is_no_capability_is_refused(text: str) -> None:
    with pytest.raises(WrongInputError):
        versions.capability(text)


@pytest.mark.parametrize(
    ("smaller", "bigger"),
    [
        ("580.159.03-1.fc44", "1:1.0-1"),
        ("3:580.65.06-1.fc44", "3:580.159.03-1.fc44"),
        ("1.0~rc1-1", "1.0-1"),
        ("1.0-1", "1.0^git1-1"),
        ("1.0^git1-1", "1.0.1-1"),
        ("1.0a-1", "1.0.1-1"),
        ("1.0-1.fc43", "1.0-1.fc44"),
        ("1.0-9", "1.0-10"),
    ],
)
def test_rpm_orders_by_segments(smaller: str, bigger: str) -> None:
    assert versions.rpm(smaller) < versions.rpm(bigger)


@pytest.mark.parametrize("text", ["", "x:1.0-1", "1:", "1.0 -1"])
def test_what_is_no_rpm_version_is_refused(text: str) -> None:
    with pytest.raises(WrongInputError):
        versions.rpm(text)


@given(rpm_text, rpm_text, rpm_text)
def test_rpm_versions_are_totally_ordered(a: str, b: str, c: str) -> None:
    low, middle, high = sorted(map(versions.rpm, (a, b, c)))
    assert low <= middle <= high
    assert not high < low


def test_rpm_itself_orders_alike() -> None:
    """A thousand pairs drawn from a fixed seed go through rpm's own vercmp in one process."""
    import random

    draw = random.Random(4)
    words = ["".join(draw.choices("0019aZ.~^_", k=draw.randint(1, 7))) for _ in range(2000)]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    table = ",".join(f"{{'{a}','{b}'}}" for a, b in pairs)
    script = f"%{{lua: for _, p in ipairs({{{table}}}) do print(rpm.vercmp(p[1], p[2]) .. ' ') end}}"
    said = subprocess.run([tool("rpm"), "--eval", script], capture_output=True, text=True, check=True).stdout.split()
    ours = [(x > y) - (x < y) for x, y in ((versions.rpm(a), versions.rpm(b)) for a, b in pairs)]
    assert len(said) == len(pairs)
    assert [(a, b, s) for (a, b), s, o in zip(pairs, said, ours, strict=True) if int(s) != o] == []


@given(
    st.lists(st.integers(0, 99), min_size=1, max_size=4), st.sampled_from(["", "a1", "b2", "rc1", ".post1", ".dev0"])
)
def test_python_versions_follow_packaging(parts: list[int], suffix: str) -> None:
    assert versions.pep440("0.dev0") <= versions.pep440(write(parts) + suffix)
    assert (versions.pep440(write(parts) + suffix) < versions.pep440(write(parts))) == suffix.startswith(
        ("a", "b", "rc", ".dev")
    )


def test_python_version_that_is_none_is_refused() -> None:
    with pytest.raises(WrongInputError):
        versions.pep440("2.x")
    with pytest.raises(WrongInputError):
        versions.specifier("about 2")


@given(majors, minors, majors, minors)
def test_machine_code_runs_on_the_same_major_only(major: int, minor: int, card_major: int, card_minor: int) -> None:
    code, card = f"{major}.{minor}", f"{card_major}.{card_minor}"
    if code in versions.TEGRA or card in versions.TEGRA:
        assert bool(versions.runs_on([code], "", card)) == (code == card)
    else:
        assert bool(versions.runs_on([code], "", card)) == (major == card_major and minor <= card_minor)
    assert not versions.runs_on([code + "a"], "", card) or code == card


@given(majors, minors, majors, minors)
def test_ptx_runs_forward_only(major: int, minor: int, card_major: int, card_minor: int) -> None:
    ptx, card = f"{major}.{minor}", f"{card_major}.{card_minor}"
    assert bool(versions.runs_on([], ptx, card)) == ((major, minor) <= (card_major, card_minor))
    assert not versions.runs_on([], ptx + "a", card) or ptx == card


def test_the_two_cards_that_a_list_would_refuse() -> None:
    cu126 = ["5.0", "6.0", "7.0", "7.5", "8.0", "8.6", "9.0"]
    assert versions.runs_on(cu126, "", "6.1") == "machine code for 6.0"
    assert versions.runs_on(cu126, "", "8.9") == "machine code for 8.6"
    assert versions.runs_on(cu126, "", "12.0") == ""
    assert versions.runs_on(["7.5", "12.0"], "12.0", "12.1") == "machine code for 12.0"
    assert versions.runs_on(["7.5"], "7.5", "6.1") == ""
    assert versions.runs_on(["8.0", "9.0"], "9.0", "12.0") == "PTX for 9.0"
