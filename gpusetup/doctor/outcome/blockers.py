"""Which findings keep which stage of which card from working."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.gpu.subjects import slot_of
from gpusetup.doctor.rule import HERE
from gpusetup.doctor.software.frameworks import framework_of
from gpusetup.doctor.stage import PLACE

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Rule

BLOCKING = {"error", "warning"}
"""What is only worth knowing keeps nothing from working."""


class Cards(msgspec.Struct, frozen=True):
    """The cards of a machine: which one each subject is, by slot, and which of them the driver drives."""

    slots: dict[str, str]
    working: frozenset[str] = frozenset()
    silent: tuple[str, ...] = ()
    """The evidence of a rule that cannot check because NVML shows no GPU at all; () where it shows some."""

    def of(self, subject: str) -> str:
        """Return the slot of the card that `subject` is, "" where it is something else."""
        if subject.startswith("PCI "):  # messages of the driver name a slot that may have no card any more
            return slot_of(subject.removeprefix("PCI "))
        return self.slots.get(subject, "")

    def works(self, subject: str) -> bool:
        """Say whether the driver drives the card that `subject` is, or all of them."""
        card, every = self.of(subject), set(self.slots.values())
        return card in self.working if card else bool(every) and every <= self.working

    def all_among(self, subjects: set[str]) -> bool:
        """Say whether `subjects` are all cards: one of two that is lost does not keep the driver from loading."""
        every = set(self.slots.values())
        return bool(every) and every <= {self.of(one) for one in subjects}


class Blocker(msgspec.Struct, frozen=True):
    """A finding with which nothing from the stage that `rule` blocks on can work; `root` is what it comes from."""

    rule: Rule
    subject: str
    root: str


def _is_disproved(rule: Rule) -> bool:
    """Say whether what `rule` says cannot hold of a card that the driver drives: NVML would not answer for it."""
    return PLACE[rule.stage] <= PLACE["kernel module"] and PLACE[rule.blocks] <= PLACE["driver library"]


class Blockers(msgspec.Struct, frozen=True):
    """The findings that keep `stage` from working."""

    found: list[Blocker]
    cards: Cards
    stage: str

    def root_of(self, subject: str, *, alone: bool = False) -> str:
        """Return the root cause that keeps the stage from working for `subject`, the earliest first; "" for none.

        With `alone`, what concerns the whole machine is no cause of what one card says: the stage works for it, since
        the card is shown at all.
        """
        about = [one for one in self._standing(subject) if self._is_about(one.subject, subject)]
        if alone and (card := self.cards.of(subject)):
            about = [one for one in about if self.cards.of(one.subject) == card]
        if not about and not self.cards.of(subject):
            of_cards = [one for one in self._standing(subject) if self.cards.of(one.subject)]
            about = of_cards if self.cards.all_among({one.subject for one in of_cards}) else []
        return min(((PLACE[one.rule.stage], one.rule.id, one.root) for one in about), default=(0, "", ""))[2]

    def _standing(self, subject: str) -> list[Blocker]:
        """Return what can be a cause now: where the driver drives the card, an old message of it is none any more."""
        if PLACE[self.stage] > PLACE["kernel module"] and self.cards.works(subject):
            return [one for one in self.found if not _is_disproved(one.rule)]
        return self.found

    def _is_about(self, cause: str, subject: str) -> bool:
        card, framework = self.cards.of(cause), framework_of(cause)
        return (
            cause in {HERE, subject}
            or (card != "" and card == self.cards.of(subject))
            or (framework != "" and framework == framework_of(subject))
        )
