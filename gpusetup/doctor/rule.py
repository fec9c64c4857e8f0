"""What a rule is: a pure function from `Machine` to verdicts, and what is known about it without running it.

A rule is a generator. It yields a verdict for everything that is wrong and nothing when all is well; it takes its
readings through `known` and `there`, and rows of the tables of facts through `listed`, so that a reading that could not
be made, or a fact that is in no table, ends it as ``unknown`` (what it has yielded before stands). What it can do
without, it takes through `optional` and `unlisted`, with the reason::

    @rule(
        "KRN002", "module-built-not-loaded", "The nvidia kernel module is built but not loaded",
        worst="error", symptom=True, blocks="device nodes", source="…", remedies=("load-module",),
    )
    def not_loaded(machine: Machine) -> RuleResults:
        \"\"\"What it means, how it comes about and what to do: this becomes the rule's page in the documentation.\"\"\"
        if "nvidia" not in names(known(machine.system.kernel.modules)):
            yield error("the nvidia module is not loaded", "loaded modules: …", fix=fix("load-module"))

With ``over=each_gpu`` the rule is run once for every GPU and takes it as second argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeVar

import msgspec

from gpusetup.doctor.stage import stage_of
from gpusetup.machine.model import NOT_RECORDED, Machine, Reading, Unread
from gpusetup.value import Value

T = TypeVar("T")
NO_SUCH_THING = ("absent", "unsupported")
"""Why a reading has no value because there is nothing of the kind, which is an answer."""

HERE = "this machine"
"""The subject of a rule that speaks of no single thing."""

Severity = Literal["info", "warning", "error"]
Worst = Literal["unknown", "info", "warning", "error"]


class Fix(msgspec.Struct, frozen=True):
    """A remedy by its name in the tables of ``remedies/``, with the values for its placeholders."""

    name: str
    values: dict[str, str]


class RuleResult(msgspec.Struct, frozen=True):
    """One thing that is wrong, or that the rule cannot check."""

    state: Worst
    summary: str
    evidence: tuple[str, ...]
    fix: Fix | None
    subject: str
    caused_by: str = ""
    """The rule whose finding explains this one, where the reading itself says so (an earlier line of a log)."""


RuleResults = Iterator[RuleResult]
Subject = tuple[str, Any]
"""A subject's name (``GPU 0``) and the value to judge."""


class UnreadError(Exception):
    """A rule needs a reading that could not be made."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(unread.source)
        self.unread = unread


class UntriedError(Exception):
    """A rule needs what was not asked for; the message names the option that asks."""


class Waiver(msgspec.Struct, frozen=True):
    """What a rule did without, and why its verdict holds all the same."""

    unread: Unread
    because: str


_waived: list[Waiver] = []


def waivers() -> tuple[Waiver, ...]:
    """Return what the rule that ran last did without, and forget it."""
    if not _waived:  # as a rule: thousands of times for eight GPUs
        return ()
    said = tuple(dict.fromkeys(_waived))
    _waived.clear()
    return said


class Rule(Value):
    """One rule: what is known about it, and `judge`, which runs it.

    `slug` is its id in words (``msi-disabled``), accepted wherever the id is. `worst` is the worst severity it reports
    (``unknown`` for one that only finds out whether something can be known), `source` the document or fact it rests
    on, `remedies` every remedy it may name. The verdict of a `required` rule must be known before a machine may be
    called healthy.

    What explains what: `stage` is where its problem sits (``STAGES``). With `blocks`, nothing from that stage on can
    work with its subject while its error or warning stands; what a `symptom` of such a stage reports on the same
    subject is then no fault of its own ("does not answer", "is not loaded", "is missing"). `reads` is the stage that
    must work for the rule's readings to exist: its ``unknown`` is explained by what blocks that. `after` names the
    further rules that could be its cause, which no stage can say, and `disproved_by` those that show by another reading
    that it is not as this rule says.
    """

    id: str
    slug: str
    title: str
    worst: Worst
    after: tuple[str, ...]
    source: str
    required: bool
    over: Callable[[Machine], Iterable[Subject]] | None
    judge: Callable[..., RuleResults]
    docs: str
    remedies: tuple[str, ...]
    stage: str
    blocks: str
    symptom: bool
    reads: str
    disproved_by: tuple[str, ...]


def rule(
    rule_id: str,
    slug: str,
    title: str,
    *,
    worst: Worst,
    source: str,
    after: tuple[str, ...] = (),
    over: Callable[[Machine], Iterable[Subject]] | None = None,
    required: bool | None = None,
    remedies: tuple[str, ...] = (),
    stage: str = "",
    blocks: str = "",
    symptom: bool = False,
    reads: str = "",
    disproved_by: tuple[str, ...] = (),
) -> Callable[[Callable[..., RuleResults]], Rule]:
    """Make a `Rule` of the decorated function; one that can give an error is required unless it says otherwise.

    Its stage is that of the letters of its id unless it names another.
    """

    def make(judge: Callable[..., RuleResults]) -> Rule:
        return Rule(
            id=rule_id,
            slug=slug,
            title=title,
            worst=worst,
            after=after,
            source=source,
            required=worst == "error" if required is None else required,
            over=over,
            judge=judge,
            docs=judge.__doc__ or "",
            remedies=remedies,
            stage=stage or stage_of(rule_id),
            blocks=blocks,
            symptom=symptom,
            reads=reads,
            disproved_by=disproved_by,
        )

    return make


def error(summary: str, *evidence: str, fix: Fix | None = None, subject: str = "", caused_by: str = "") -> RuleResult:
    """Something that blocks the use of a GPU or makes its results wrong."""
    return RuleResult("error", summary, evidence, fix, subject, caused_by)


def warning(summary: str, *evidence: str, fix: Fix | None = None, subject: str = "", caused_by: str = "") -> RuleResult:
    """Something that works worse than it could, or is about to break."""
    return RuleResult("warning", summary, evidence, fix, subject, caused_by)


def info(summary: str, *evidence: str, fix: Fix | None = None, subject: str = "", caused_by: str = "") -> RuleResult:
    """Something worth knowing that may well be wanted."""
    return RuleResult("info", summary, evidence, fix, subject, caused_by)


def unknown(summary: str, *evidence: str, fix: Fix | None = None, subject: str = "") -> RuleResult:
    """Something that the rule cannot check; `known` and `there` say it for a single reading."""
    return RuleResult("unknown", summary, evidence, fix, subject)


def fix(name: str, /, **values: str) -> Fix:
    """Name a remedy of the tables of ``remedies/``."""
    return Fix(name, values)


def known(reading: Reading[T]) -> T:
    """Return the reading's value; without one the rule ends as unknown."""
    if isinstance(reading, Unread):
        raise UnreadError(reading)
    return reading


def there(reading: Reading[T]) -> T | None:
    """Return the reading's value, None when there is no such thing here; otherwise the rule ends as unknown."""
    if isinstance(reading, Unread) and reading.unread in NO_SUCH_THING:
        return None
    return known(reading)


def optional(reading: Reading[T], because: str) -> T | None:
    """Return the reading's value, or None whatever the reason, since the rule can do without it.

    `because` says why the verdict holds without it. It stands in the finding's evidence when the rule then finds
    nothing: a verdict of health says what it does not rest on. Every other way round a reading that could not be made
    is refused by the tests (``tests/doctor/first_law.py``).
    """
    if not isinstance(reading, Unread):
        return reading
    if reading.unread not in NO_SUCH_THING:
        _waived.append(Waiver(reading, because))
    return None


def recorded(reading: Reading[T], before: T) -> Reading[T]:
    """Return the reading, or `before` where the version that saved this machine did not make it yet.

    `before` is what the rule took for granted when there was no such reading: so it still finds on an older saved
    machine what it found then. A reading that failed stays what it is.
    """
    if reading != NOT_RECORDED:
        return reading
    _waived.append(Waiver(NOT_RECORDED, "the rule judges by the other readings, as it did then"))
    return before


def failure(reading: Reading[Any], because: str) -> Unread | None:
    """Return why the reading has no value, None where it has one; a rule that asks can do without, as in `optional`."""
    optional(reading, because)
    return reading if isinstance(reading, Unread) else None


def listed(rows: Iterable[T], what: str) -> T:
    """Return the first of `rows` of the tables of facts; without one the rule ends as unknown, `what` being in none."""
    for row in rows:
        return row
    raise UnreadError(not_listed(what))


def unlisted(rows: Iterable[T], what: str, because: str) -> T | None:
    """Return the first of `rows`, or None, since the rule can do without: `because` as in `optional`."""
    for row in rows:
        return row
    _waived.append(Waiver(not_listed(what), because))
    return None


def not_listed(what: str) -> Unread:
    """Return that the tables of facts do not have `what`."""
    return Unread(unread="failed", source="", detail=f"the tables of facts do not have {what}")


def either(reading: Reading[T]) -> T | None:
    """Return the reading's value, or None whatever the reason: for evidence only, never to judge by."""
    return None if isinstance(reading, Unread) else reading
