"""Captures the output of an untrusted program, with limits of time and size."""

from __future__ import annotations

import os
import selectors
import subprocess
import time

from gpusetup.machine.model import Reading, Unread

END = 300
"""Characters of its last words that a message shows."""
PATIENCE = 3.0
"""Seconds that a program gets to end what it has started; runuser needs two."""


def listen(words: list[str], source: str, deadline: float, most: int) -> Reading[bytes]:
    """Return the output of the command `words` within `deadline` seconds and up to `most` bytes.

    The program is ended if it exceeds either limit. `source` names it in an `Unread`.
    """
    end = time.monotonic() + deadline
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"
        )
    except OSError as error:
        return Unread(unread="failed", source=source, detail=str(error)[:END])
    with process:
        out, errors, why = _take(process, end, most)
        if why:
            _end(process)
            return Unread(unread="timeout" if why == "time" else "failed", source=source, detail=why * (why != "time"))
        try:
            code = process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            _end(process)
            return Unread(unread="timeout", source=source)
    if code:
        said = errors.decode(errors="replace").strip().splitlines()[-1:]
        return Unread(unread="failed", source=source, detail="".join(said)[:END], code=code)
    return out


def _take(process: subprocess.Popen[bytes], end: float, most: int) -> tuple[bytes, bytes, str]:
    """Return what came on both streams until both were closed, and why it was not waited for that."""
    assert process.stdout is not None
    assert process.stderr is not None
    kept = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    with selectors.DefaultSelector() as selector:
        for stream in kept:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            # the deadline is checked first: a program that prints without end is always ready
            if time.monotonic() > end:
                return b"", b"", "time"
            ready = selector.select(0.1)
            if not ready and process.poll() is not None:
                break  # its children may keep the streams open for ever
            for key, _ in ready:
                piece = os.read(key.fd, 1 << 16)
                if not piece:
                    selector.unregister(key.fd)
                kept[key.fd] += piece
                if len(kept[key.fd]) > most:
                    return b"", b"", f"it printed more than {most} bytes"
    out, errors = kept.values()
    return out, errors, ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM, so that runuser can end its shell; then SIGKILL."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
