"""A test that goes through a table runs every row, and names each that fails with what is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.each import each
from tests.support import ROOT


def ending(test: Callable[..., None]) -> str:
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception, AssertionError)) as caught:
        test()
    return "\n".join((str(caught.value), *getattr(caught.value, "__notes__", ())))


def test_every_row_is_run_and_each_that_fails_is_explained() -> None:
    ran = []

    @each("name, number", [("one", 1), ("two", 2), ("three", 3), ("two", 4)], ids=lambda row: row[0])
    def odd(name: str, number: int) -> None:
        ran.append(name)
        assert number % 2, f"{number} is even"
        if number == 3:
            raise KeyError(number)

    said = ending(odd)
    assert ran == ["one", "two", "three", "two"]
    assert said.startswith("3 of 4 rows fail:\n  two: test_each.py:")
    assert "2 is even" in said
    assert "three: test_each.py:" in said
    assert "KeyError: 3" in said
    assert "two#1" in said


def test_a_single_row_that_fails_has_its_own_traceback() -> None:
    @each("number", [1, 2, 3])
    def odd(number: int) -> None:
        assert number % 2

    assert ending(odd).endswith("the row: 2")


def test_a_row_that_is_skipped_skips_the_test_and_hides_no_failure() -> None:
    @each("number", [1, 2, 3])
    def odd(number: int, least: int = 0) -> None:
        if number == 2:
            pytest.skip("it is two")
        assert number > least

    assert ending(odd) == "it is two (1 rows)"
    assert "the row: 1" in ending(lambda: odd(least=1))


def test_many_rows_that_fail_are_all_named() -> None:
    @each("number", range(100))
    def never(number: int) -> None:
        raise AssertionError

    said = ending(never)
    assert "100 of 100 rows fail" in said
    assert len(said.splitlines()) < 30
    assert said.endswith("98, 99")


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(AssertionError, match="tests nothing"):
        each("number", [])

    @each("number", list)
    def none(number: int) -> None:
        raise AssertionError

    assert ending(none).startswith("a table without rows tests nothing")  # what was asserted may follow


def test_rows_that_take_long_are_made_once_and_only_for_a_test_that_runs() -> None:
    made: list[str] = []

    def rows() -> list[int]:
        made.append("rows")
        return [1, 2]

    @each("number", rows)
    def odd(number: int) -> None:
        assert number % 2

    assert made == []
    assert ending(odd) == ending(odd)
    assert ending(odd).endswith("the row: 2")
    assert made == ["rows"]


@each("number", [1, 2])
def test_fixtures_are_given_beside_the_row(number: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert number
    assert tmp_path_factory.getbasetemp().exists()


@pytest.mark.slow
def test_a_word_chooses_rows_and_tests(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from tests.each import each\n"
        "@each('n', lambda: [1, 22])\ndef test_table(n):\n    print(f'ran {n}.')\n"
        "def test_22():\n    pass\ndef test_other():\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.each", "-p", "no:cacheprovider", "-s", "--rows", "22"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert "2 passed, 1 deselected" in done.stdout
    assert "ran 22." in done.stdout
    assert "ran 1." not in done.stdout
