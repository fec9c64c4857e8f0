"""The kernel's messages in systemd's journal, whose files are binary: asked of ``journalctl``, within a deadline."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from gpusetup.machine.host import Host, unread
from gpusetup.machine.model import Reading, Unread
from gpusetup.machine.software.programs import find_program

if TYPE_CHECKING:
    from subprocess import CompletedProcess

FOLDERS = ("/var/log/journal", "/run/log/journal")
PROGRAM = "journalctl"
# a journal of gigabytes answers --lines within a second; one on a disk that hangs would keep the doctor waiting
SECONDS = 5.0
# the newest; more than any start writes unless one message repeats
MOST_LINES = 50_000
# journald keeps 100 files by default, the users' among them (journald.conf(5), SystemMaxFiles)
MOST_FILES = 500
_THIS_HOST = rb"^(\[ *[\d.]+\]|\S+) \S+ kernel: "


def has_journal(host: Host) -> bool:
    """Say whether a journal lies here that a ``journalctl`` could read; of a folder, ours."""
    return any(host.names(folder) for folder in FOLDERS) and bool(_program(host))


def read_journal(host: Host, boot: int) -> Reading[list[bytes]]:
    """Return the kernel's messages of the start `boot` (0 is the last one, -1 the one before it), oldest first.

    Each is ``[seconds] text`` of the last start and ``2026-11-22T04:00:00+0000 text`` of earlier ones: what names the
    host is left out. A journal that shows nothing at all is one that this user may not read.
    """
    style = "short-monotonic" if boot == 0 else "short-iso"
    command = [_program(host), "--dmesg", f"--boot={boot}", f"--output={style}", f"--lines={MOST_LINES}", "--quiet"]
    source = " ".join((PROGRAM, *command[1:4]))
    files: list[int] = []
    try:
        if not host.live:
            files.extend(_open_files(host))
            if not files:
                return Unread(unread="absent", source=FOLDERS[0], detail="no file of a journal lies here")
            command += [f"--file=/proc/self/fd/{number}" for number in files]
        done = _run([*command, "--no-pager"], files)
    except TimeoutError:
        return Unread(unread="timeout", source=source, detail=f"no end within {SECONDS:g} s")
    except OSError as error:
        return unread(source, error)
    finally:
        for number in files:
            os.close(number)
    lines = _messages(done.stdout)
    if done.returncode == 0 and lines:
        return lines
    return _refusal(source, done.returncode, done.stderr)


def _messages(said: bytes) -> list[bytes]:
    """Return the kernel's messages; journalctl indents the further lines of one that holds line breaks."""
    found: list[bytes] = []
    for line in said.splitlines():
        if re.match(_THIS_HOST, line):
            found.append(re.sub(_THIS_HOST, rb"\1 ", line))
        elif found and line[:1].isspace():
            found.append(line)
    return found


def _open_files(host: Host) -> Iterator[int]:
    """Yield the journal's files of a folder, open: a path could lead journalctl out of it."""
    paths = (path for folder in FOLDERS for each in ("*", "*/*") for path in host.glob(f"{folder}/{each}.journal"))
    for path in islice(paths, MOST_FILES):
        with contextlib.suppress(OSError, ValueError):  # what is no file has no messages
            yield host.open(path)


def _run(command: list[str], files: list[int]) -> CompletedProcess[bytes]:
    """Run our own journalctl; raises OSError, `TimeoutError` after `SECONDS`."""
    import subprocess  # only where the kernel and the log files tell nothing

    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False, pass_fds=files,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error


def _refusal(source: str, code: int, said: bytes) -> Unread:
    """Return why there is nothing: nothing is kept of that start, or this user is not shown it."""
    detail = said.decode(errors="replace").strip().splitlines()[-1:] or ["it shows this user no kernel messages"]
    kept = re.search(rb"(?i)no journal files were found|not available|no such boot|no journal boot entry", said)
    return Unread(unread="absent" if kept else "denied" if code == 0 or b"permission" in said else "failed",
                  source=source, detail=detail[0][:200])  # fmt: skip


def _program(host: Host) -> str:
    return find_program(host if host.live else Host("/"), PROGRAM)
