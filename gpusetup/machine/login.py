"""The same host as one of its users sees it after logging in: other groups, variables and limits than root's."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import msgspec

from gpusetup.machine.model import Machine, Reading, Unread


def read_login(person: str, python: str, deadline: float) -> Reading[Machine]:
    """Return what `python`'s gpusetup reads in a new login shell of `person`, whatever else that shell prints."""
    source = f"runuser -l {person}"
    runuser = shutil.which("runuser")
    if runuser is None:
        return Unread(unread="absent", source=source, detail="there is no runuser")
    command = shlex.join((python, "-P", "-m", "gpusetup", "detect", "--deadline", f"{deadline:g}"))
    try:
        done = subprocess.run(
            [runuser, "-l", person, "-s", "/bin/bash", "-c", command],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=deadline * 3, check=False,
        )  # fmt: skip
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            return Unread(unread="failed", source=source, detail="".join(said)[:200], code=done.returncode)
        return msgspec.json.decode(done.stdout[max(0, done.stdout.find(b"{\n")) :], type=Machine)
    except subprocess.TimeoutExpired:
        return Unread(unread="timeout", source=source)
    except (OSError, msgspec.DecodeError) as error:
        return Unread(unread="failed", source=source, detail=str(error)[:200])
