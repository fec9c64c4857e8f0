"""The worker: imports one framework once, then forks a fresh child for every job it is sent.

``python -P …/checks/common/worker.py PIPE FRAMEWORK CHECKS_DIR…`` reads one `Job` as JSON per line from stdin and
reports on the pipe, one JSON message per line. It needs only the framework and NumPy, so it runs under any interpreter
that the user names. The pipe is neither stdout nor stderr, so nothing that a framework prints can be mistaken for a
message. A fork after the import costs milliseconds instead of seconds, and every job still starts from the same clean
state, since importing a framework starts no thread and opens no device. A job that crashes ends only its own child.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from types import ModuleType, TracebackType
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1


def main(pipe: int, framework: str, folders: list[str]) -> None:
    """Import `framework`, then run the jobs that come, one at a time, each in its own child."""
    die_with_parent()
    mount_checks(folders)
    warnings.resetwarnings()  # start-up code or PYTHONWARNINGS may have turned warnings into errors
    started = time.perf_counter()
    lacks = import_framework(framework, folders)
    say(pipe, "Ready", seconds=time.perf_counter() - started)
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            _run_and_exit(pipe, json.loads(line), folders, lacks)
        say(pipe, "Started", pid=child)
        # one job at a time: two of them would share the cores, and a measured rate would mean nothing
        _, status = os.waitpid(child, 0)
        say(pipe, "Exited", status=status)


def mount_checks(folders: list[str]) -> None:
    """Make ``checks`` importable from `folders`, the first that has a name wins; nothing else becomes importable."""
    package = ModuleType("checks")
    package.__path__ = folders
    sys.modules["checks"] = package


def import_framework(framework: str, folders: list[str]) -> str:
    """Import the backend of `framework`; return why no check can run on it, or ""."""
    from checks.common import needs  # importable only once the checks are mounted

    try:
        importlib.import_module(f"checks.common.{framework}")
    except (ImportError, AttributeError) as error:
        lacks = needs.lacking(needs.oldest(folders)) or needs.missing(error, folders)
        if not lacks:
            raise
        return lacks
    return ""


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, so that no orphan keeps a GPU."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # the parent may have died before the call, and then no signal comes
    if os.getppid() != parent:
        sys.exit("the parent process has ended")


def say(pipe: int, kind: str, **fields: Any) -> None:
    """Write one message; the leading newline ends a line that a killed writer left incomplete."""
    line = b"\n" + json.dumps({"type": kind} | fields, allow_nan=False).encode() + b"\n"
    while line:
        line = line[os.write(pipe, line) :]


def _run_and_exit(pipe: int, fields: dict[str, Any], folders: list[str], lacks: str) -> NoReturn:
    """Run a job in this child and exit without the framework's teardown, which is not under test.

    `lacks` is the reason why no check can run with the installed versions, or "".
    """
    from checks.common import needs  # importable only once the checks are mounted

    code = 0
    try:
        die_with_parent()
        _redirect(fields["log"])
        faulthandler.enable(all_threads=False)
        faulthandler.register(signal.SIGUSR1, all_threads=False)  # the engine signals a hung job to print its stack
        say(pipe, "Done", result=_run(pipe, fields, folders, lacks))
    except BaseException as error:  # any exception becomes a verdict
        if not isinstance(error, needs.Unsupported) and not getattr(error, "complete", False):  # the message says all
            traceback.print_exception(type(error), error, _beyond_us(error.__traceback__))
        unsupported = str(error) if isinstance(error, needs.Unsupported) else needs.missing(error, folders)
        said = f"unsupported: {unsupported}" if unsupported else f"{type(error).__name__}: {error}"
        say(pipe, "Failed", error=said)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(pipe: int, fields: dict[str, Any], folders: list[str], lacks: str) -> dict[str, Any]:
    import numpy as np  # the worker itself must not need it to say that it is not there

    from checks.common.job import Job  # importable only once the checks are mounted
    from checks.common.needs import require
    from checks.common.record import Recorder

    require(folders, fields["check"], lacks)
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")  # the defaults: start-up code may change them
    job = Job(**fields)
    prepared = importlib.import_module(f"checks.common.{job.framework}")
    prepared.prepare(job)
    check = importlib.import_module(f"checks.{job.check}")
    backend = importlib.import_module(f"checks.{job.check}.{job.framework}")
    recorder = Recorder(
        lambda done, total: say(pipe, "Progress", done=done, total=total), lambda case: say(pipe, "Began", case=case)
    )
    started = time.perf_counter()
    check.prove(backend, job, recorder)
    recorder.measure("seconds", time.perf_counter() - started)
    recorder.save(job.trace)
    return {"environment": prepared.environment(job), **recorder.result()}


def _beyond_us(trail: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback after this file and the import system, which are of no use to a user."""
    while trail is not None and (
        trail.tb_frame.f_code.co_filename in {__file__, importlib.__file__}
        or trail.tb_frame.f_code.co_filename.startswith("<frozen ")
    ):
        trail = trail.tb_next
    return trail


def _redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    paper = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for source, target in ((nothing, 0), (paper, 1), (paper, 2)):
        os.dup2(source, target)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
