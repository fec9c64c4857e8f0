"""Tables whose rows one test goes through: it fails once, and says of every row that fails what is wrong with it.

Instead of `pytest.mark.parametrize`, where a table is long and its rows are cheap. A row that is a test of its own is
collected by every worker, set up, reported and sent between processes, which takes about 3 ms of processor time: more
than what most rows do. Fixtures are shared by all rows, so a test that writes into one is no case for this.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

SHOWN = 20
"""Rows that fail and are explained; the others are named."""
LINES = 12
"""Lines of what pytest says of one failed assertion."""
WIDTH = 100
"""Characters of a row's name."""

Test = Callable[..., None]
Rows = dict[str, tuple[Any, ...]]


class _Choice:
    """The word that a row's name must have to be run (``--rows WORD``); "" for all rows."""

    word = ""


def each(
    names: str, rows: Iterable[Any] | Callable[[], Iterable[Any]], ids: Callable[[Any], str] | None = None
) -> Callable[[Test], Test]:
    """Run a test with each of `rows`, whose values are its arguments `names` (with commas, as in `parametrize`).

    `ids` names a row, so that a failure can be found in its table; without it the row's texts and numbers do. Rows that
    take long to make are given as a function: it is called when the test runs, and not by every process that collects.
    """
    wanted = [name.strip() for name in names.split(",")]

    @functools.cache
    def table() -> Rows:
        made = _named(rows() if callable(rows) else rows, ids or _plain, single=len(wanted) == 1)
        assert made, "a table without rows tests nothing"
        return made

    if not callable(rows):
        table()

    def make(test: Test) -> Test:
        @functools.wraps(test)
        def whole(**fixtures: Any) -> None:
            chosen = {name: row for name, row in table().items() if _Choice.word in name} or table()
            _run({name: dict(zip(wanted, row, strict=True)) for name, row in chosen.items()}, test, fixtures)

        signature = inspect.signature(test)
        fixtures = [one for name, one in signature.parameters.items() if name not in wanted]
        whole.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]
        whole.rows = table  # type: ignore[attr-defined]
        return whole

    return make


def _named(rows: Iterable[Any], ids: Callable[[Any], str], *, single: bool) -> Rows:
    table: Rows = {}
    for row in rows:
        name = ids(row)
        unique = next(one for at in itertools.count() if (one := f"{name}#{at}" if at else name) not in table)
        table[unique] = (row,) if single else tuple(row)
    return table


def _plain(row: Any) -> str:
    """Name a row as pytest would: by its texts and numbers, and by the kinds of what it has else."""
    values = row if isinstance(row, tuple) else (row,)
    texts = (str(one) if isinstance(one, str | int | float | None) else type(one).__name__ for one in values)
    return "-".join(texts)[:WIDTH]


def _run(rows: dict[str, dict[str, Any]], test: Test, fixtures: dict[str, Any]) -> None:
    failed: dict[str, BaseException] = {}
    skipped: dict[str, str] = {}
    for name, row in rows.items():
        try:
            test(**row, **fixtures)
        except pytest.skip.Exception as why:
            skipped[name] = str(why)
        except (Exception, pytest.fail.Exception) as why:
            failed[name] = why
    _report(failed, skipped, len(rows))


def _report(failed: dict[str, BaseException], skipped: dict[str, str], count: int) -> None:
    if len(failed) == 1:
        ((name, why),) = failed.items()
        why.add_note(f"the row: {name}")
        raise why
    if failed:
        told = "\n".join(_told(name, why) for name, why in list(failed.items())[:SHOWN])
        others = f"\n  and {', '.join(list(failed)[SHOWN:])}" if len(failed) > SHOWN else ""
        pytest.fail(f"{len(failed)} of {count} rows fail:\n{told}{others}", pytrace=False)
    if skipped:
        pytest.skip("; ".join(f"{why} ({len(skipped)} rows)" for why in dict.fromkeys(skipped.values())))


def _told(name: str, why: BaseException) -> str:
    frames = [one for one in traceback.extract_tb(why.__traceback__) if one.filename != __file__]
    at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: " if frames else ""
    text = str(why) if isinstance(why, AssertionError) else f"{type(why).__name__}: {why}"
    first, *more = text.splitlines()[:LINES] or [""]
    return "\n".join((f"  {name}: {at}{first}", *(f"      {line}" for line in more)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", default="", metavar="WORD", help="only tests and rows of tables with WORD in their name")


def pytest_configure(config: pytest.Config) -> None:
    _Choice.word = config.getoption("--rows")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what has the chosen word neither in its own name nor in that of a row."""
    if _Choice.word:
        config.hook.pytest_deselected(items=[one for one in items if not _is_about(one, _Choice.word)])
        items[:] = [one for one in items if _is_about(one, _Choice.word)]


def _is_about(item: pytest.Item, word: str) -> bool:
    rows: Callable[[], Iterable[str]] = getattr(getattr(item, "function", None), "rows", tuple)
    return word in item.name or any(word in name for name in rows())
