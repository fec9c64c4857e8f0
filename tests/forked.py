"""Runs scripts, each in a fork of one process that has loaded a framework once: loading takes longer than a script.

Started as ``python forked.py MODULE…``: reads a JSON list of texts, writes a list of [exit status, output, errors].
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import traceback


def run(text: str) -> tuple[int, str, str]:
    """Return the exit status, the output and the errors of a Python script, run in a process of its own."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        if (pid := os.fork()) == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            _end_with(text)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        for file in (output, errors):
            file.seek(0)
        return status, output.read(), errors.read()


def _end_with(text: str) -> None:
    status = 1
    try:
        exec(compile(text, "script", "exec"), {"__name__": "__main__"})
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(name)
    sys.stdout.write(json.dumps([run(text) for text in json.load(sys.stdin)]))
