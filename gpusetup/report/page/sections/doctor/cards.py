"""The GPUs beside each other: with eight or seventy-two of them, the one that is not like the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.doctor.registry import explained_rules
from gpusetup.doctor.rule import HERE, either
from gpusetup.report.page.sections.doctor.state import unseen, worst

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gpusetup.doctor.finding import Finding, GpuIdentity, Report
    from gpusetup.machine.model import Gpu, Machine
    from gpusetup.report.page.model import State

GIB = 1 << 30


class Card(NamedTuple):
    """One GPU: the worst that findings say of it, and a few readings, ``?`` where there is none."""

    subject: str
    name: str
    pci: str
    state: State
    said: str
    rules: tuple[str, ...]
    readings: tuple[str, ...] = ()


_OF_CARDS = {"bus", "firmware"}
"""Stages whose rules are about single cards."""


def cards(report: Report, machine: Machine | None) -> list[Card]:
    """Return the GPUs of the report in their order."""
    by_subject: dict[str, list[Finding]] = {}
    for one in report.findings:
        by_subject.setdefault(one.subject, []).append(one)
    whole = by_subject.get(HERE, [])
    seen = {f"GPU {one.index}": one for one in (either(machine.gpus) or ())} if machine is not None else {}
    blind = unseen(_of_any_card(whole), report)
    return [_card(one, _own(one, by_subject), whole, blind, seen.get(one.subject)) for one in report.gpus]


def _of_any_card(whole: list[Finding]) -> Iterator[Finding]:
    """Yield the findings about this machine whose rules are about its cards: they would have named the card."""
    rules = explained_rules()
    return (one for one in whole if one.rule in rules and rules[one.rule].stage in _OF_CARDS)


def _own(gpu: GpuIdentity, by_subject: Mapping[str, list[Finding]]) -> list[Finding]:
    """Return the findings about a GPU: the kernel log names it by its address, the driver by its number."""
    names = dict.fromkeys((gpu.subject, *([f"PCI {gpu.pci}"] if gpu.pci else [])))
    return [one for name in names for one in by_subject.get(name, [])]


def _card(gpu: GpuIdentity, own: list[Finding], whole: list[Finding], unseen_by: list[str], seen: Gpu | None) -> Card:
    state, said = _judged(gpu, own, whole, unseen_by)
    rules = tuple(dict.fromkeys(one.rule for one in own if one.state in {"error", "warning", "unknown"}))
    return Card(gpu.subject, gpu.name, gpu.pci, state, said, rules, _readings(seen) if seen is not None else ())


def _judged(gpu: GpuIdentity, own: list[Finding], whole: list[Finding], unseen_by: list[str]) -> tuple[State, str]:
    """Return the state of a GPU: well only if the driver shows it and nothing keeps rules from checking it."""
    state = worst(one.state for one in own if one.state in {"error", "warning", "unknown"})
    if state != "none":
        return state, "; ".join(dict.fromkeys(one.summary for one in own if one.state == state))
    if not gpu.subject.startswith("GPU "):
        return "unknown", "the driver does not show it"
    blind = {one.caused_by for one in own if one.state == "skipped" and one.caused_by} | set(unseen_by)
    if blind:
        return "unknown", f"cannot be judged because of {', '.join(sorted(blind))}"
    if any(one.state == "error" for one in whole):
        return "none", "no finding of its own"
    return "ok", "no problem found"


def _readings(gpu: Gpu) -> tuple[str, ...]:
    total, used = either(gpu.memory_total), either(gpu.memory_used)
    power, limit = either(gpu.power), either(gpu.power_limit)
    gen, width = either(gpu.pcie_gen), either(gpu.pcie_width)
    ecc, warm = either(gpu.ecc), either(gpu.temperature)
    return (
        "?" if total is None else f"{'?' if used is None else f'{used / GIB:.1f}'} / {total / GIB:.0f} GiB",
        "?" if warm is None else f"{warm} °C",
        f"{'?' if power is None else f'{power:.0f}'} / {'?' if limit is None else f'{limit:.0f}'} W",
        f"{_of(gen, 'gen ')} {_of(width, '×')}".strip(),
        "?" if ecc is None else "on" if ecc else "off",
    )


def _of(pair: tuple[int, int] | None, unit: str) -> str:
    """Return now and at most, once where both are the same."""
    if pair is None:
        return f"{unit}?"
    return f"{unit}{pair[0]}" if pair[0] == pair[1] else f"{unit}{pair[0]} of {pair[1]}"
