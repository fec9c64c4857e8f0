"""The question to one framework: its probe runs in a child with a deadline, and what it told is put together here."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from gpusetup.errors import RefusedError
from gpusetup.machine.child import die_with_parent
from gpusetup.machine.frameworks.tail import Tail
from gpusetup.machine.model import Framework, Unread
from gpusetup.machine.worker import Channel, Worker, WorkerExit
from gpusetup.trust.owner import Owner, become, environment

HERE = os.path.dirname(os.path.abspath(__file__))
PROBE, PROBES = "probe.py", "probes"
# a look must not take a GPU's whole memory, nor wait in line for it
GENTLE = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
STDOUT, STDERR = 1, 2
# (2i + 1) summed over i < 1000; the 64 × 64 product of (i mod 5) by (j mod 3), summed; 3 × 3 ones over 8 × 8 ones,
# summed: whole numbers below 2**24, so that any order of summation, and TF32 too, gives them exactly
EXPECTED = {"elementwise": 1_000_000.0, "matmul": 64.0 * 126 * 63, "convolution": 6.0 * 6 * 9}
FIELDS = ("version", "location", "cuda", "gpus", "libraries", "loaded")


class ProbeRequest:
    """Has the interpreter `python` import the framework `name`, at once; `answer` waits for it.

    `whose` is `runs_as`: it runs as the user whose environment it is, and root runs none that others can write to.
    """

    def __init__(self, name: str, python: str, whose: Callable[[str], Owner | None], deadline: float) -> None:
        self._name, self._python = name, python
        self._worker: Worker | None = None
        self._why = Unread(unread="failed", source=python)
        self._owner: Owner | None = None
        self._scripts = ""
        self._said = Tail()
        try:
            self._owner = whose(python)
            folder = HERE if self._owner is None else self._copy()
            isolated = () if self._owner is None else ("-I",)
            argv = [python, *isolated, os.path.join(folder, PROBE), name]
            self._worker = Worker(partial(_become, argv, self._said.entry, self._owner), deadline)
        except RefusedError as error:
            self._why = Unread(unread="denied", source=python, detail=str(error))
        except OSError as error:  # there is no such interpreter; no process or no descriptor left on this machine
            self._why = Unread(unread="failed", source=python, detail=str(error))

    def _copy(self) -> str:
        """Return a folder with the probe that every user can read: ours may lie in root's home."""
        import shutil  # for root, of another's environment
        import tempfile

        self._scripts = tempfile.mkdtemp(prefix="gpusetup-", dir="/tmp")  # $TMPDIR may be root's alone
        os.chmod(self._scripts, 0o755)  # noqa: S103 - to be read by the owner of the environment
        for path in (PROBE, *(os.path.join(PROBES, name) for name in os.listdir(os.path.join(HERE, PROBES)))):
            if path.endswith(".py"):
                target = os.path.join(self._scripts, path)
                os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
                os.chmod(os.path.dirname(target), 0o755)  # noqa: S103 - whatever the umask is
                shutil.copyfile(os.path.join(HERE, path), target)
                os.chmod(target, 0o644)
        return self._scripts

    def listen(self) -> None:
        """Take what it prints from now on; to be called when no further process is to be started."""
        self._said.start()

    def answer(self) -> Framework:
        """Return what the framework did, at the latest when the deadline has passed."""
        if self._worker is None:
            return _nothing(self._name, self._python, self._why, ())
        outcome = self._worker.wait()
        found = _collect(self._name, self._python, outcome, self._said.lines())
        return found if self._owner is None else msgspec.structs.replace(found, user=self._owner.name)

    def abandon(self) -> None:
        """End the child if it is still there."""
        if self._worker is not None:
            self._worker.abandon()
        self._said.close()
        if self._scripts:
            import shutil

            shutil.rmtree(self._scripts)


def _become(argv: list[str], log: int, owner: Owner | None, tell: Channel) -> None:
    """Turn this child into the program `argv`, which gets the number of the pipe as its last argument."""
    os.dup2(log, STDOUT)
    os.dup2(log, STDERR)
    os.set_inheritable(tell.pipe, True)
    tell("call", f"start {argv[0]}")
    variables = dict(os.environ) if owner is None else environment(owner)
    if owner is not None:
        become(owner)
        die_with_parent()  # the kernel has forgotten it with the user
    os.execve(argv[0], [*argv, str(tell.pipe)], variables | GENTLE)  # noqa: S606 - a list, no shell


def _collect(name: str, python: str, outcome: WorkerExit, said: tuple[str, ...]) -> Framework:
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


def _missing(outcome: WorkerExit) -> dict[str, Any]:
    """Return the `Unread` of what was not told: the step it ended in and how."""
    why = "timeout" if outcome.ended == "timeout" else "failed"
    return {"unread": why, "source": outcome.last_call, "detail": outcome.detail or "never told"}


def _nothing(name: str, python: str, why: Unread, said: tuple[str, ...]) -> Framework:
    return Framework(
        name=name, python=python, version=why, location=why, cuda=why, gpus=why, trials=(), libraries=why, loaded=why,
        said=said,
    )  # fmt: skip
