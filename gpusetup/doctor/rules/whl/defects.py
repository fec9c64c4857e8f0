"""WHL401: installed releases that are known to fail on these cards."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.doctor.gpu.cards import cards, cite
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, info, rule, unlisted, warning
from gpusetup.doctor.software.frameworks import beside
from gpusetup.facts import facts
from gpusetup.facts.defects import Where, by_card, concerns, defects_of, known_as
from gpusetup.machine.model import Distribution, Machine

NONE_KNOWN = "a release without a known defect is judged by the other rules"


def each_package(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed distribution that the table of defects may speak of."""
    for one in machine.distributions:
        if known_as(one.name):
            yield f"{one.name} {one.version}", one


@rule(
    "WHL401",
    "known-defect",
    "An installed framework or library release has a known defect on this GPU",
    worst="error",
    after=("GPU001", "WHL001", "WHL002", "WHL003", "WHL102", "WHL301"),
    over=each_package,
    required=False,
    source="facts: defect (each row with the threads that show it)",
    remedies=("known-defect",),
)
def known_defect(machine: Machine, one: Distribution) -> RuleResults:
    """The table of facts has a defect of this release that concerns this machine: its GPUs, its processor, what is
    installed beside it. A release that cannot be used at all is an error, a defect that ordinary programs meet a
    warning, one that only some meet or that costs speed alone a note.
    """
    package = known_as(one.name)
    # a release that cannot be installed is no concern once it is
    rows = [row for row in defects_of(facts(), package, one.version) if row.effect != "install"]
    where = _where(machine, one, on_cards=any(map(by_card, rows)))
    found = [row for row in rows if concerns(row, where)]
    unlisted(found, f"a defect of {one.name} {one.version} here, among {len(rows)} of this release", NONE_KNOWN)
    for row in found:
        say = info if row.effect else error if row.refuses else warning
        yield say(
            f"{one.name} {one.version} has a known defect: {row.symptom}",
            cite(row, f"releases {row.first} to {row.last}"),
            *row.source[:3],
            fix=fix("known-defect", way_out=row.way_out),
        )


def _where(machine: Machine, one: Distribution, *, on_cards: bool) -> Where:
    """Return where it runs; the GPUs are asked for only where a defect depends on them: they may be unread."""
    gpu = one.cuda != "cpu" and one.name != "tensorflow-cpu" and has_gpu(machine)
    return Where(
        gpu=gpu,
        cards=tuple(card.capability for card in cards(machine)) if gpu and on_cards else (),
        arch=machine.system.arch,
        beside=beside(machine, one),
        environment=machine.system.environment,
    )
