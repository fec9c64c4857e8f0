"""No pattern of the engine takes longer than its text is long: a stranger's file may hold any text."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable, Iterator

import pytest

from gpusetup.doctor.table import read_table
from gpusetup.machine.frameworks.probes.loaded import ASK
from gpusetup.render.marks import CLOSE
from tests.each import each
from tests.patterns import Use, texts, uses

pytestmark = pytest.mark.slow

SIZES = {16: 0.05, 20: 0.05, 24: 0.05, 1 << 9: 0.05, 1 << 10: 0.05, 1 << 11: 0.05, 1 << 13: 0.08, 1 << 16: 0.25}
"""Characters, and the processor time in seconds that no pattern comes near; small sizes first, for the slow ones."""
LONGEST = max(SIZES)
ELSEWHERE = {
    "row['says']": "rows of import_errors.json, tried below",
    r"f'\\{{%[-+]?\\s*block\\s+{part}\\b'": "looks for a template's own line, to name it",
    r"'\\{\\{.*?\\}\\}'.join((re.escape(one) for one in fixed))": "looks for a template's own line, to name it",
    "*self._of": "one that is compiled at first use, found where it is made",
    "pattern": "the names in ASK, tried below",
    "f'(--?i(?:d)?[= ]){number}(?![\\\\w.])'": "the number of a GPU, looked for in a remedy's own commands",
    "f'[0-9A-F]{{32}}{row.key_id}'": "a fingerprint of fixed length, matched as a whole",
    "f'(?<!\\\\w){re.escape(name)}(?!\\\\w)'": "a fixed text",
    "f'{name}\\\\b'": "a fixed text",
}
"""Patterns that are no constants, and why that is all right."""
OURS = {"gpusetup.render.settle": "reads templates, which are ours or their author's, and no data"}
MARKS = f"[^{CLOSE}]*"
"""Values hold no marks, and each that is opened is closed: what one of those reads from one to the next is no text of
a stranger's that could leave the end away."""


@pytest.fixture(autouse=True)
def _without_collector() -> Iterator[None]:
    """Matches are objects, and looking for garbage among all of a long run's costs more than the match."""
    gc.disable()
    yield
    gc.enable()


def constants() -> list[Use]:
    return [use for use in uses()[0] if not (use.place.startswith(tuple(OURS)) or MARKS in str(use.pattern))]


def tables() -> list[Use]:
    errors = [row["says"] for row in read_table("software/import_errors", list[dict[str, str]])]
    return [Use("import_errors.json", one, 0, "search") for one in errors] + [
        Use("probes.loaded.ASK", one, 0, "fullmatch") for one, _ in ASK.values()
    ]


def test_every_pattern_is_found() -> None:
    found, unknown = uses()
    assert len(found) > 60
    assert any(one.place.startswith("gpusetup.render.quoting_check.") for one in found)
    assert {one.partition(": ")[2] for one in unknown} <= set(ELSEWHERE), unknown


@each("use", lambda: [*constants(), *tables()], ids=lambda use: f"{use.place}-{use.function}")
def test_no_pattern_takes_longer_than_its_text_is_long(use: Use) -> None:
    assert slowest(use) is None, f"{use.place}: {use.pattern!r}"


@pytest.mark.parametrize("pattern", [r"^\s*x", r"(a+)+$", r"Kernel Module.*?\s(\d+)\s", r"[\w.+-]+@[\w-]+(\.[\w-]+)+"])
def test_a_pattern_that_does_is_noticed(pattern: str) -> None:
    assert slowest(Use("", pattern, re.MULTILINE, "search")) is not None


def slowest(use: Use) -> tuple[int, str] | None:
    """Return the first size and text that take too long."""
    flags = use.flags & ~re.UNICODE if isinstance(use.pattern, bytes) else use.flags
    run = _runner(re.compile(use.pattern, flags), use.function)
    took: dict[int, float] = {}
    for size, most in SIZES.items():
        for number, text in enumerate(texts(use.pattern, size)):
            if size == LONGEST and _is_settled(took[number]):
                continue
            start = time.thread_time()
            run(text)
            took[number] = time.thread_time() - start
            if took[number] > most:
                return size, text[:60]
    return None


def _is_settled(took: float) -> bool:
    """Say whether a text of the last size but one took so little that the longest passes, were the time its square.

    One whose time is the cube of its text takes seconds there already, at a fiftieth of a nanosecond for a step.
    """
    *_, before, longest = SIZES
    return took * (longest / before) ** 2 < SIZES[longest]


def _runner(pattern: re.Pattern[str] | re.Pattern[bytes], function: str) -> Callable[[str], object]:
    def run(text: str) -> object:
        given = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
        if function in {"sub", "subn"}:
            return getattr(pattern, function)(given[:0], given)
        found = getattr(pattern, function)(given)
        return list(found) if function == "finditer" else found

    return run
