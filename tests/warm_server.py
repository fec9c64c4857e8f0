"""``python warm_server.py FD``: has the command imported, and runs it in a fork for each request of `warm_command`.

A request comes through the socket FD: two descriptors for what is printed, then a line of JSON with the words, the
environment and the folder. The answer is the number of the process, then its end and the seconds that it computed.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import socket
import sys
import threading
import traceback
from typing import Any, NoReturn

ROOMS = ("cli", "doctor", "facts", "machine", "redact", "render", "report", "resolve")
OTHERS = (".probes",)
"""Parts of names of modules that are no part of the command: programs of another interpreter."""


def main(number: int) -> None:
    """Import the command, and run it in a fork for each request until the other end is closed."""
    program = _imported()
    with socket.socket(fileno=number) as served, served.makefile("rw") as lines:
        while (received := socket.recv_fds(served, 1, 2))[0]:
            (words, env, folder), pipes = json.loads(lines.readline()), received[1]
            if (pid := os.fork()) == 0:
                lines.detach()
                _become(program, words, env, folder, pipes)
            for pipe in pipes:
                os.close(pipe)
            lines.write(f"{pid}\n")
            lines.flush()
            _, status, used = os.wait4(pid, 0)
            lines.write(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime]) + "\n")
            lines.flush()


def _imported() -> Any:
    program = importlib.import_module("gpusetup.__main__")
    program.finder.install()
    program._import_msgspec()
    for room in ROOMS:
        package = importlib.import_module(f"gpusetup.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"gpusetup.{room}."):
            if not any(part in found.name for part in OTHERS):
                _import(found.name)
    _be_of_no_distribution()
    return program


def _be_of_no_distribution() -> None:
    """Let the live host be of a distribution that no table has: what is planned must not depend on who runs a test."""
    system: Any = importlib.import_module("gpusetup.machine.system.operating_system")
    read = system._os_release
    system._os_release = lambda host: {"ID": "unlisted", "PRETTY_NAME": '"Unlisted 1"'} if host.live else read(host)


def _import(name: str) -> None:
    """Import a module, unless it needs what only an extra installs: such a command is left to import it itself."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "gpusetup":
            raise


def _become(program: Any, words: list[str], env: dict[str, str], folder: str, pipes: list[int]) -> NoReturn:
    """Be the command: its words, environment, folder, streams, and no descriptor beside them."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for place, pipe in enumerate(pipes, start=1):
        os.dup2(pipe, place)
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
    _open_again()
    sys.argv = words
    try:
        program.main()
    except SystemExit as end:  # a thread still runs
        threading._shutdown()  # type: ignore[attr-defined]
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def _open_again() -> None:
    """Open stdout and stderr as Python does at its start: what was opened on another file believes that it can seek."""
    sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
