"""The instrument of the first law: takes away, one at a time, each reading and each fact that a rule asked for.

A machine is made of values that note which reading is asked (`watched`), the tables of facts of rows that do
(`WatchedFacts`). Each question is put again with "could not be read" or "in no table" as the answer; a rule must then
not call its subject well, unless it took the reading or the row through `optional` or `unlisted`, with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from gpusetup.doctor.examine import judge, judge_one
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.once import forget
from gpusetup.doctor.rule import HERE, Rule, UnreadError, UntriedError
from gpusetup.facts import facts, min_driver
from gpusetup.facts.tables import TABLES
from gpusetup.machine.model import Machine, Unread
from tests.doctor.asked_before import AskedBefore
from tests.doctor.watched import Path, Watcher, reading_fields, watched_kind

MARK = "taken away by a test"
SUBSTITUTES = tuple(Unread(unread=why, source=MARK, detail=why) for why in ("denied", "failed", "timeout"))


class Breach(NamedTuple):
    """A rule that called its subject well without what it had asked for."""

    rule: str
    subject: str
    what: str
    instead: str


class Tally:
    """What was put to the question."""

    def __init__(self) -> None:
        self.examinations = self.readings = self.facts = self.substitutions = self.waived = self.same = 0
        self.breaches: list[Breach] = []
        self.reasons: Counter[tuple[str, str]] = Counter()

    def note(self, rule: Rule, after: list[Finding]) -> None:
        """Count the reason for which a rule is well without what was taken away."""
        if after[0].state == "ok":
            self.waived += 1
            self.reasons.update((rule.id, line.rpartition("; ")[2]) for line in after[0].evidence)


# readings


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return `value` with `new` at `path`; everything beside it is shared."""
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*value[:step], replaced(value[step], rest, new) if rest else new, *value[step + 1 :])
    return msgspec.structs.replace(value, **{step: replaced(getattr(value, step), rest, new) if rest else new})


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value


# facts


class WatchedFacts:
    """Counts how often each row of the tables is looked at, so that the rows that were found stand out."""

    def __init__(self) -> None:
        self.looks: dict[str, Counter[int]] = {}
        self._plain: dict[str, tuple[Any, ...]] = {}
        self._rows: dict[str, tuple[Any, ...]] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put watched rows in place of the tables."""
        self._plain = {name: getattr(facts(), name) for name in TABLES}
        self._rows = {name: self._watched(name, rows) for name, rows in self._plain.items()}
        try:
            for name, rows in self._rows.items():
                self._put(name, rows)
            yield
        finally:
            for name, rows in self._plain.items():
                self._put(name, rows)

    @contextmanager
    def without(self, table: str, numbers: set[int]) -> Iterator[None]:
        """Leave rows out."""
        rows = self._rows[table]
        try:
            self._put(table, tuple(row for number, row in enumerate(rows) if number not in numbers))
            yield
        finally:
            self._put(table, rows)

    def found(self, table: str, left: int) -> set[int]:
        """Return the rows that were looked at more closely than others, and the one with which a search ended.

        They are what was found and what nearly was; `left` is how many rows there were to look at.
        """
        looks = self.looks.get(table, Counter())
        least = min(looks.values(), default=0)
        ended = {max(looks)} if looks and len(looks) < left else set()
        return ended | {number for number, times in looks.items() if times > least}

    def named(self, table: str, numbers: set[int]) -> str:
        return f"{table} {', '.join(self._plain[table][number].id for number in sorted(numbers)[:3])}"

    def size(self, table: str) -> int:
        return len(self._plain[table])

    def _put(self, table: str, rows: tuple[Any, ...]) -> None:
        setattr(facts(), table, rows)
        forget_facts()

    def _watched(self, table: str, rows: tuple[Any, ...]) -> tuple[Any, ...]:
        numbers: dict[int, int] = {}
        kinds: dict[type, type] = {}

        def kind_of(kind: type) -> type:
            plain: Any = kind.__getattribute__
            names = frozenset(kind.__struct_fields__)  # type: ignore[attr-defined]

            def noted(one: Any, name: str) -> Any:
                if name in names:
                    self.looks.setdefault(table, Counter())[numbers[id(one)]] += 1
                return plain(one, name)

            return watched_kind(kind, noted)

        made = []
        for number, row in enumerate(rows):
            if type(row) not in kinds:
                kinds[type(row)] = kind_of(type(row))
            one = kinds[type(row)](**{name: getattr(row, name) for name in row.__struct_fields__})
            numbers[id(one)] = number
            made.append(one)
        return tuple(made)


def forget_facts() -> None:
    """Empty every memory of an earlier answer of the tables."""
    from gpusetup.doctor.image import hosts

    for one in (min_driver.driver_floor, hosts._market):
        one.cache_clear()
    forget()


# the question


def question(rule: Rule, watcher: Watcher, plain: Machine, tally: Tally, before: AskedBefore | None = None) -> None:
    """Take away each reading that `rule` asks for on a machine, and note where it is well all the same.

    Of GPUs that are equal one is put to the question. A question that is in `before` is counted and not put again.
    """
    tally.examinations += 1
    what = (rule.id, watcher.equals)
    if before and before.knows(what, plain):
        tally.same += 1
        return
    with watcher.tracing() as trace:
        _question_all(rule, watcher, tally)
    if before is not None and not watcher.foreign:
        before.note(what, trace)


def _question_all(rule: Rule, watcher: Watcher, tally: Tally) -> None:
    """Put to the question what `rule` goes over, then each of its subjects."""
    forget()
    places = _places(rule, watcher.machine)
    for path in _of_each(watcher):
        for substitute, machine in _without(watcher, path, tally):
            after = judge(rule, machine)
            if not after or _well(after, ()):
                tally.breaches.append(Breach(rule.id, HERE, _named(path), substitute.unread))
    for number, place in enumerate(places or ()):
        forget()
        watcher.start()
        said = judge_one(rule, watcher.machine, place)
        for path in _of_each(watcher):
            for substitute, machine in _without(watcher, path, tally):
                breach = Breach(rule.id, said[0].subject, _named(path), substitute.unread)
                _look(rule, machine, number, said, breach, tally)


def _of_each(watcher: Watcher) -> list[Path]:
    """Return the readings that were asked for, those of a GPU that equals another one left out."""
    return [path for path in watcher.asked if path[:2] not in watcher.equals]


def question_facts(rule: Rule, machine: Machine, tally: Tally, tables: WatchedFacts) -> None:
    """Take what `rule` found in each table out of it, and note where it is well all the same."""
    for number, place in enumerate(_places(rule, machine) or ()):
        tables.looks.clear()
        forget_facts()
        before = judge_one(rule, machine, place)
        for table, found in {name: tables.found(name, tables.size(name)) for name in tables.looks}.items():
            tally.facts += 1
            _empty(rule, machine, number, before, (table, found), tally, tables)


def _empty(
    rule: Rule,
    machine: Machine,
    number: int,
    before: list[Finding],
    first: tuple[str, set[int]],
    tally: Tally,
    tables: WatchedFacts,
) -> None:
    """Take out what was found, and what is found after that, until the rule is not plainly well or finds no more."""
    table, found = first
    gone: set[int] = set()
    while found - gone:
        gone |= found
        tables.looks.clear()
        tally.substitutions += 1
        with tables.without(table, gone):
            after = _again(rule, machine, number)
        if after and not _well(after, before[0].evidence):
            tally.note(rule, after)
            return
        found = tables.found(table, tables.size(table) - len(gone))
    if gone:
        tally.breaches.append(Breach(rule.id, before[0].subject, tables.named(table, gone), "in no table"))


def _places(rule: Rule, machine: Machine) -> list[Any] | None:
    """Return what `rule` goes over; None where that cannot be told."""
    try:
        return [None] if rule.over is None else list(rule.over(machine))
    except (UnreadError, UntriedError):
        return None


def _without(watcher: Watcher, path: Path, tally: Tally) -> Iterator[tuple[Unread, Machine]]:
    tally.readings += 1
    for substitute in SUBSTITUTES:
        tally.substitutions += 1
        forget()
        yield substitute, watcher.without(path, substitute)


def _look(rule: Rule, machine: Machine, number: int, before: list[Finding], breach: Breach, tally: Tally) -> None:
    """Judge the subject of that `number` again, and note a breach, or the reason that the rule gives."""
    after = _again(rule, machine, number)
    if not after or _well(after, before[0].evidence):
        tally.breaches.append(breach)
    else:
        tally.note(rule, after)


def _again(rule: Rule, machine: Machine, number: int) -> list[Finding]:
    places = _places(rule, machine)
    return judge_one(rule, machine, places[number]) if places and number < len(places) else judge(rule, machine)


def _well(after: list[Finding], said: tuple[str, ...]) -> bool:
    """Say whether a finding is well and does not say what it did without."""
    return any(one.state == "ok" and set(one.evidence) <= set(said) for one in after)


def _named(path: Path) -> str:
    return ".".join("#" if isinstance(step, int) else step for step in path)


def every_reading(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of everything in `value` that may be `Unread` by the type of its field."""
    if isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from every_reading(one, (*path, place))
    elif isinstance(value, msgspec.Struct) and not isinstance(value, Unread):
        for name in value.__struct_fields__:
            if name in reading_fields(type(value)):
                yield (*path, name)
            yield from every_reading(getattr(value, name), (*path, name))
