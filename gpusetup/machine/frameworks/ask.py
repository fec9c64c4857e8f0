"""The question to one framework: its probe runs in a child with a deadline, and what it told is put together here."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from gpusetup.machine.model import Framework, Unread
from gpusetup.machine.worker import Outcome, Tell, Worker

PROBE = Path(__file__).with_name("probe.py")
# a look must not take a GPU's whole memory, nor wait in line for it
GENTLE = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
LINES = 8
LINE = 300
LOG_END = 1 << 14
STDOUT, STDERR = 1, 2
# (2i + 1) summed over i < 1000; the 64 × 64 product of (i mod 5) by (j mod 3), summed; 3 × 3 ones over 8 × 8 ones,
# summed: whole numbers below 2**24, so that any order of summation, and TF32 too, gives them exactly
EXPECTED = {"elementwise": 1_000_000.0, "matmul": 64.0 * 126 * 63, "convolution": 6.0 * 6 * 9}
FIELDS = ("version", "location", "cuda", "gpus", "libraries", "loaded")


class Question:
    """Has the interpreter `python` import the framework `name`, at once; `answer` waits for it."""

    def __init__(self, name: str, python: str, deadline: float) -> None:
        self._name, self._python = name, python
        self._log = os.memfd_create("said")
        self._worker: Worker | None = None
        self._refusal = ""
        try:
            self._worker = Worker(partial(_become, [python, str(PROBE), name], self._log), deadline)
        except OSError as error:  # no process or no descriptor left on this machine
            self._refusal = str(error)

    def answer(self) -> Framework:
        """Return what the framework did, at the latest when the deadline has passed."""
        outcome = Outcome([], "", "crash", self._refusal) if self._worker is None else self._worker.wait()
        return _collect(self._name, self._python, outcome, _last_lines(self._log))

    def abandon(self) -> None:
        """End the child if it is still there."""
        os.close(self._log)
        if self._worker is not None:
            self._worker.abandon()


def _become(argv: list[str], log: int, tell: Tell) -> None:
    """Turn this child into the program `argv`, which gets the number of the pipe as its last argument."""
    os.dup2(log, STDOUT)
    os.dup2(log, STDERR)
    os.set_inheritable(tell.pipe, True)
    tell("call", f"start {argv[0]}")
    os.execve(argv[0], [*argv, str(tell.pipe)], os.environ | GENTLE)  # noqa: S606 - a list, no shell


def _collect(name: str, python: str, outcome: Outcome, said: tuple[str, ...]) -> Framework:
    told: dict[str, Any] = {}
    answers: dict[tuple[str, str], Any] = {}
    devices: list[str] = []
    for line in outcome.lines:
        match line:
            case ["read", "answer", str(device), str(kernel), value]:
                answers[device, kernel] = value
            case ["read", "devices", [*names]]:
                devices = [name for name in names if isinstance(name, str)]
            case ["read", str(field), value]:
                told[field] = value
    missing = _missing(outcome)
    fields = {field: told.get(field, missing) for field in FIELDS}
    trials = [
        {"device": device, "kernel": kernel, "expected": expected, "answer": answers.get((device, kernel), missing)}
        for device in devices
        for kernel, expected in EXPECTED.items()
    ]
    try:
        return msgspec.convert({"name": name, "python": python, "trials": trials, "said": said} | fields, Framework)
    except msgspec.ValidationError as error:  # somebody else wrote into its pipe
        return _nothing(name, python, Unread(unread="failed", source=outcome.last_call, detail=str(error)), said)


def _missing(outcome: Outcome) -> dict[str, Any]:
    """Return the `Unread` of what was not told: the step it ended in and how."""
    why = "timeout" if outcome.ended == "timeout" else "failed"
    return {"unread": why, "source": outcome.last_call, "detail": outcome.detail or "never told"}


def _nothing(name: str, python: str, why: Unread, said: tuple[str, ...]) -> Framework:
    return Framework(
        name=name, python=python, version=why, location=why, cuda=why, gpus=why, trials=(), libraries=why, loaded=why,
        said=said,
    )  # fmt: skip


def _last_lines(log: int) -> tuple[str, ...]:
    """Return the last lines that were written to `log`, without time stamps and colours."""
    size = os.fstat(log).st_size
    text = os.pread(log, LOG_END, max(0, size - LOG_END)).decode(errors="replace")
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip()[:LINE] for line in text.splitlines()]
    return tuple(line for line in lines if line)[-LINES:]
