"""Whether a scheduler may give a host work, by its last judgement in the store: nothing is compared anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
from gpusetup.fleet.history.memory import Memory, Span, iso
from gpusetup.value import Value

SIGN = "gpusetup:"
"""How the reason of a drain begins that is ours: only such a host is put back to work."""
MAX_AGE = 26 * 3600
"""Seconds; a day, and what a nightly collection may be late."""
_READ = ("machine", "findings")
"""Aspects of a host that have the time at which they were read there."""
_AHEAD = 300
"""Seconds by which the clocks of the hosts that keep and ask may differ."""
_LONGEST = 240


class Pass(Value, omit_defaults=True):
    """The answer for one host. `reason` is for a scheduler that should drain it, on one line and with `SIGN`."""

    host: str
    verdict: Literal["pass", "drain", "unknown"]
    state: str = ""
    reason: str = ""
    why: str = ""
    """Why nothing is known."""
    undrain: bool = False
    """Whether it may be put back to work: it passes now, and the scheduler's reason says that it was drained by us."""
    judged: str = ""
    since: str = ""
    """The first collection of those in a row that judged the same."""


class Gate(Value, omit_defaults=True):
    """The answers for all hosts that were asked for; `verdict` is the worst of them."""

    version: Literal[1] = 1
    verdict: Literal["pass", "drain", "unknown"]
    hosts: tuple[Pass, ...]


def gate(memory: Memory, hosts: Sequence[str], now: datetime, max_age: float = MAX_AGE, reason: str = "") -> Gate:
    """Return whether the hosts may work; `reason` is why the scheduler has drained the host, "" where it has not."""
    answers = tuple(_answer(memory, host, int(now.timestamp()), max_age, reason) for host in hosts)
    verdicts = {one.verdict for one in answers}
    worst: Literal["pass", "drain", "unknown"] = (
        "drain" if "drain" in verdicts else "unknown" if "unknown" in verdicts or not answers else "pass"
    )
    return Gate(verdict=worst, hosts=answers)


def exit_code(found: Gate) -> int:
    """Return 0 where all may work, 1 where one should not, 3 where nothing is known of one."""
    return {"pass": EXIT_FINE, "drain": EXIT_PROBLEMS, "unknown": CannotLookError.exit_code}[found.verdict]


def _answer(memory: Memory, host: str, now: int, max_age: float, reason: str) -> Pass:
    subject = memory.host(host) or memory.host(host.partition(".")[0])
    span = memory.newest(subject, "verdict") if subject is not None else None
    if subject is None or span is None:
        return Pass(host=host, verdict="unknown", why="it was never judged")
    read = [one.last for aspect in _READ if (one := memory.newest(subject, aspect)) is not None]
    state, why = str(span.content["state"]), _stale(span, now, max_age)
    if not why and state != "unknown" and (age := now - max(read, default=now)) > max_age:
        # a file that nobody replaces can be judged anew each night
        why = f"what it was judged by is {age / 3600:.1f} hours old"
    found = Pass(host=host, verdict="unknown", state=state, why=why, judged=iso(span.last), since=iso(span.first))
    if why:
        return found
    if state == "drain":
        return replace(found, verdict="drain", reason=f"{SIGN} {span.content['drain']}"[:_LONGEST])
    if state == "unknown":
        told = next((text for _, weight, _, _, text in span.content["reasons"] if weight == "unknown"), "")
        return replace(found, why=str(told))
    return replace(found, verdict="pass", undrain=reason.startswith(SIGN))


def _stale(span: Span, now: int, max_age: float) -> str:
    age = now - span.last
    if age < -_AHEAD:
        return f"its last judgement is {-age // 60} minutes ahead of this clock"
    return f"its last judgement is {age / 3600:.1f} hours old" if age > max_age else ""
