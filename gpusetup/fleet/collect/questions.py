"""What a host runs, and what of its answer is taken: one JSON document of the kind that was asked for, or a reason."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from gpusetup.fleet.collect.model import Wanted
from gpusetup.fleet.decode import Refused, pieces
from gpusetup.fleet.partial import Machine, Proof, Report
from gpusetup.text import neutral

_BREAKS = bytes.maketrans(b"\r\n", b"  ")
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
"""Exit codes of a shell (POSIX, "Command Search and Execution")."""


class Question(NamedTuple):
    """A command for a host, the field of the envelope that its answer goes into, and the answer's kind."""

    field: str
    command: str
    kind: type[Machine] | type[Report] | type[Proof]
    codes: frozenset[int]
    """Exit codes with which there is an answer: a finding or a failed verdict is one."""


def questions(wanted: Wanted) -> tuple[Question, ...]:
    """Return what each host is asked, the quickest first: what was answered stays if a later one hangs."""
    redact = ["--redact"] if wanted.redact else []
    asked = [
        Question("machine", _shell(wanted, "detect", *(redact or ["--no-redact"])), Machine, frozenset({0})),
        Question("report", _shell(wanted, "doctor", "--json", *redact), Report, frozenset({0, 1, 3})),
    ]
    if wanted.selftest:
        words = ("selftest", f"--{wanted.selftest}", "--json")
        asked.append(Question("proof", _shell(wanted, *words), Proof, frozenset({0, 1, 3})))
    return tuple(asked)


def _shell(wanted: Wanted, *words: str) -> str:
    return shlex.join([*(["sudo", "-n"] if wanted.sudo else []), wanted.program, *words])


def answer(question: Question, code: int | None, out: bytes, err: bytes) -> bytes | Refused:
    """Return the document of an answer on one line, or why there is none."""
    what = question.command
    if code is None:
        return Refused(f"{what} was ended by a signal{_last(err)}")
    if code in {_NOT_FOUND, _NOT_EXECUTABLE}:
        return Refused(f"{what} cannot be run{_last(err)}")
    if code not in question.codes:
        return Refused(f"{what} ended with {code}{_last(err)}")
    found = [piece.saved for piece in pieces(out)]
    if len(found) != 1 or isinstance(found[0], Refused):
        why = found[0].why if found and isinstance(found[0], Refused) else "it is more than one document"
        return Refused(f"{what} answered what cannot be used: {why}")
    if not isinstance(found[0], question.kind):
        return Refused(f"{what} answered something else than a {question.kind.__name__.lower()}")
    # a line break inside a JSON text is escaped, so each is white space, and so is the other sign that ends lines
    return out.translate(_BREAKS).strip()


def _last(err: bytes) -> str:
    lines = [line.strip() for line in err.decode(errors="replace").splitlines() if line.strip()]
    return f": {neutral(lines[-1])[:200]}" if lines else ""
