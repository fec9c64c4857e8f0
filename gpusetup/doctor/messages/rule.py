"""Makes the rules that report judged messages of the kernel log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import cast

from gpusetup.doctor.kernel.kernel_log import DRIVER_SOURCE, LOG_READABLE
from gpusetup.doctor.messages.chain import OF_ONE_GPU, card
from gpusetup.doctor.messages.said import Said, heard
from gpusetup.doctor.messages.status import init_words, named_status, status_at
from gpusetup.doctor.rule import Rule, RuleResult, RuleResults, Severity, fix, optional, rule, there
from gpusetup.machine.model import Machine

SHOWN = 3


def log_rule(
    rule_id: str,
    slug: str,
    title: str,
    *,
    worst: Severity,
    remedies: tuple[str, ...],
    after: tuple[str, ...] = (),
    source: str = DRIVER_SOURCE,
    stage: str = "",
    blocks: str = "",
    symptom: bool = False,
    shows_gpu: bool = False,
) -> Callable[[Callable[[], None]], Rule]:
    """Make a rule that reports the messages which ``judged.json`` lists under its id.

    The first of `remedies` is that of every row that names none. The decorated function has nothing but its docstring.
    An ordinary user often may not read the log, so that such a rule is never required. A message that `shows_gpu` names
    a GPU that the driver met: that the bus has none now is then its consequence, not its cause.
    """

    def make(describe: Callable[[], None]) -> Rule:
        def judge(machine: Machine) -> RuleResults:
            said = heard(machine).by_rule.get(rule_id, [])
            if any(one.judged.row.device for one in said):
                said = [one for one in said if not one.judged.row.device or _is_nvidia(machine, one)]
            alone = _only_card(machine) if rule_id in OF_ONE_GPU else ""
            yield from _verdicts(said, worst, remedies[0], alone)

        judge.__doc__, judge.__module__ = describe.__doc__, describe.__module__
        return rule(
            rule_id,
            slug,
            title,
            worst=worst,
            source=source,
            after=(*(() if shows_gpu else ("GPU001",)), LOG_READABLE, *after),
            stage=stage,
            blocks=blocks,
            symptom=symptom,
            required=False,
            remedies=remedies,
        )(judge)

    return make


def _only_card(machine: Machine) -> str:
    """Return the subject of a message that names no GPU where there is only one, "" where there are none or more."""
    cards = optional(machine.pci, "which card a message means changes nothing of what it says") or ()
    return f"PCI {cards[0].address}" if len(cards) == 1 else ""


def _is_nvidia(machine: Machine, said: Said) -> bool:
    """Say whether a message about a PCI device speaks of an NVIDIA GPU, or of another function of its card."""
    cards = {card.address.lower().rpartition(".")[0] for card in there(machine.pci) or ()}
    return said.gpu in cards


def _verdicts(said: list[Said], worst: Severity, remedy: str, alone: str) -> Iterator[RuleResult]:
    """Yield one verdict for each row and GPU, what is an echo of this rule's own finding as its evidence."""
    own = [one for one in said if one.cause in {"", one.judged.rule}]
    for group, echoes in _led(own):
        yield _verdict(group, worst, remedy, alone, echoes)
    of_others = [one for one in said if one.cause not in {"", one.judged.rule}]
    for cause, gpu in dict.fromkeys((one.cause, one.gpu) for one in of_others):
        yield _verdict([one for one in of_others if (one.cause, one.gpu) == (cause, gpu)], worst, remedy, alone, [])


def _led(own: list[Said]) -> Iterable[tuple[list[Said], list[Said]]]:
    """Return the messages of each row and GPU, with the echoes of the same GPU.

    An echo that no message of its GPU leads stands for itself: it is the first that is known of that GPU.
    """
    led: dict[tuple[str, str], tuple[list[Said], list[Said]]] = {}
    for one in sorted(own, key=lambda one: one.judged.row.echo):  # keeps the order of the log otherwise
        key = (one.judged.name, one.gpu)
        before = next((group for (_, gpu), group in led.items() if gpu == one.gpu or not gpu or not one.gpu), None)
        if one.judged.row.echo and key not in led and before:
            before[1].append(one)
        else:
            led.setdefault(key, ([], []))[0].append(one)
    return led.values()


def _verdict(group: list[Said], worst: Severity, remedy: str, alone: str, echoes: list[Said]) -> RuleResult:
    last = group[-1]
    row = last.judged.row
    evidence = [*dict.fromkeys(one.line for one in group[-SHOWN:])]
    evidence += [f"{len(group)} such messages since boot"] if len(group) > SHOWN else []
    evidence += [f"then: {line}" for line in dict.fromkeys(one.line for one in echoes[:SHOWN])]
    evidence += [f"likely cause: {row.cause}"] if row.cause else []
    state = cast(Severity, row.state or worst)
    cause = "" if last.cause == last.judged.rule else last.cause
    subject = card(last.gpu) if last.gpu else alone
    return RuleResult(state, _summary(last), tuple(evidence), fix(row.fix or remedy), subject, cause)


def _summary(said: Said) -> str:
    row, line = said.judged.row, said.line
    words = init_words(line) if row.init else named_status(line) if row.named else ""
    return row.means + (words or (status_at(line, row.status) if row.status else ""))
