"""The stack as a picture: what each part needs below it, in which state it is, and where it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.doctor.registry import explained_rules
from gpusetup.doctor.stage import LAST, stage_of
from gpusetup.report.page.sections.doctor.state import unseen, worst
from gpusetup.report.page.sections.doctor.versions import parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.doctor.finding import Finding, Report
    from gpusetup.doctor.rule import Rule
    from gpusetup.machine.model import Machine
    from gpusetup.report.page.model import State

_WRONG = {"error", "warning"}
_CUDNN, _WHEELS = "cudnn", ("WHL", "PYT")
_OF_CONTAINERS = ("CTR", "IMG")


class Joint(NamedTuple):
    """One part of the stack. `breaks`: it is the first with an error, and whatever stands above it depends on it."""

    name: str
    detail: str
    state: State
    said: str
    breaks: bool
    rules: tuple[str, ...]


class _Part(NamedTuple):
    name: str
    area: str
    """The area of the report that has its versions and, where no finding speaks of it, its state."""
    has: Callable[[str, str, str], bool]
    """Whether a finding belongs to it, by its rule's stage, id and slug."""


_PARTS = (
    _Part("Card", "GPU", lambda stage, _rule, _slug: stage in {"bus", "firmware"}),
    _Part("Kernel module", "Driver", lambda stage, _rule, _slug: stage in {"kernel module", "device nodes", "upkeep"}),
    _Part("Driver library", "Driver", lambda stage, _rule, _slug: stage == "driver library"),
    _Part("CUDA", "CUDA", lambda stage, rule, slug: stage == "libraries" and not _is(rule, slug)),
    _Part("cuDNN", "CUDA", lambda _stage, _rule, slug: _CUDNN in slug),
    _Part("Python wheels", "Frameworks", lambda _stage, rule, slug: _is(rule, slug) and _CUDNN not in slug),
    _Part("Frameworks", "Frameworks", lambda stage, rule, slug: stage == "framework" and not _is(rule, slug)),
    _Part("Containers", "Containers", lambda stage, _rule, slug: stage == "container" and _CUDNN not in slug),
)


def _is(rule: str, slug: str) -> bool:
    """Say whether a rule is about wheels or cuDNN, which have parts of their own."""
    return _CUDNN in slug or rule.rstrip("0123456789") in _WHEELS


def stack(report: Report, machine: Machine | None) -> list[Joint]:
    """Return the parts from the card to the containers, without those of which the report does not speak."""
    rules = explained_rules()
    placed = [(one, stage(one, rules.get(one.rule))) for one in report.findings]
    named = parts(report, machine)
    found: list[Joint] = []
    for part in _PARTS:
        some = [one for one, where in placed if part.has(where, one.rule, one.slug)]
        if part.name not in named and not any(one.state in _WRONG for one in some):
            continue
        detail = named.get(part.name, "")
        state, said = _judged(some, "unknown" if unseen(some, report) else _area(report, part.area), detail)
        broken = any(one.breaks for one in found)
        if state == "ok" and broken:
            state, said = "none", "no finding of its own"
        roots = tuple(dict.fromkeys(one.rule for one in some if one.state in _WRONG))
        found.append(Joint(part.name, detail, state, said, state == "error" and not broken, roots))
    return found


def stage(one: Finding, rule: Rule | None) -> str:
    """Return where a finding sits, "" where that is not known: rules of expectations and of other distributions.

    A message of the kernel log about one card, which stops nothing, is the card's.
    """
    if one.rule.startswith("LOG") and one.subject.startswith(("GPU ", "PCI ")) and not (rule and rule.blocks):
        return "bus"
    found = rule.stage if rule else stage_of(one.rule)
    return "" if found == LAST and not one.rule.startswith(_OF_CONTAINERS) else found


def _judged(findings: list[Finding], area: str, detail: str) -> tuple[State, str]:
    """Return the state of a part and why; where its rules were silent because of a cause elsewhere it is unknown."""
    state = worst(one.state for one in findings if one.state in {"error", "warning", "unknown"})
    if state != "none":
        return state, ""
    if not detail:
        return "none", ""
    blind = dict.fromkeys(one.caused_by for one in findings if one.caused_by and one.state == "skipped")
    well = sum(one.state == "ok" for one in findings)
    if blind and area != "ok":
        return "unknown", f"cannot be judged because of {', '.join(blind)}"
    return ("ok", "") if well or area == "ok" else ("none", "no finding")


def _area(report: Report, name: str) -> str:
    return next((one.state for one in report.areas if one.name == name), "none")
