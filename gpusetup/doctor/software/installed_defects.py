"""Known defects of what is installed beside the frameworks: driver, CUDA toolkit, container toolkit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.cards import cards, cite
from gpusetup.doctor.rule import RuleResults, fix, info, unlisted, warning
from gpusetup.facts import facts
from gpusetup.facts.defects import Where, by_card, concerns, defects_of
from gpusetup.machine.dotted import is_dotted

if TYPE_CHECKING:
    from gpusetup.facts.model.defects import Defect
    from gpusetup.machine.model import Machine

SOURCE = "facts: defect (each row with the threads that show it)"
NONE_KNOWN = "a release without a known defect is judged by the other rules"
REMEDY = "known-defect"


def known_defects(
    machine: Machine,
    package: str,
    version: str,
    *,
    settings: tuple[str, ...] = (),
    speaks_here: Callable[[Defect], bool] = bool,
) -> RuleResults:
    """Yield the defects of an installed release that concern this machine; those with a CVE have a rule of their own.

    One that the package's own settings bring about is a warning, one that only some programs meet a note. `settings`
    are those that are on; `speaks_here` leaves out what another reading shows to be no concern.
    """
    if not is_dotted(version):
        return
    rows = [row for row in defects_of(facts(), package, version) if not row.cve and row.effect != "install"]
    on_cards = any(map(by_card, rows))
    where = Where(
        cards=tuple(card.capability for card in cards(machine)) if on_cards else (),
        arch=machine.system.arch,
        environment=machine.system.environment,
        settings=settings,
    )
    found = [row for row in rows if concerns(row, where) and speaks_here(row)]
    unlisted(found, f"a defect of {package} {version} here, among {len(rows)} of this release", NONE_KNOWN)
    for row in found:
        say = warning if row.setting else info
        yield say(
            f"{package} {version} has a known defect: {row.symptom}",
            cite(row, f"releases {row.first} to {row.last}"),
            *row.source[:3],
            fix=fix(REMEDY, way_out=row.way_out),
        )
