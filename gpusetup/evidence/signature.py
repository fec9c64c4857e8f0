"""A detached signature beside a lock, made and checked by OpenSSH: every host has it, and people have keys for it.

Source: ssh-keygen(1), ``-Y sign`` and ``-Y verify`` (since OpenSSH 8.0, principals since 8.2); PROTOCOL.sshsig.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from gpusetup.errors import MissingError, WrongInputError
from gpusetup.files import read, write
from gpusetup.text import neutral

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = "gpusetup-lock"
"""What a signature is for, so that one of a commit or a letter is none of a lock."""
_PROGRAM = "ssh-keygen"
_MOST = 1 << 16


def beside(lock: Path) -> Path:
    """Return where the signature of a lock is: ``gpusetup.lock.sig``."""
    return lock.with_name(f"{lock.name}.sig")


def sign(lock: Path, raw: bytes, key: Path) -> Path:
    """Write beside the `lock` the signature of `raw`, its content.

    The `key` is a private one, or a public one whose private one an agent has. Raises `WrongInputError` where it cannot
    sign, and `MissingError` without OpenSSH.
    """
    done = _run("-Y", "sign", "-f", str(key), "-n", NAMESPACE, given=raw)
    if done.returncode:
        raise WrongInputError(f"{key} cannot sign: {_said(done)}", "give a key that ssh-keygen made")
    write(beside(lock), done.stdout.decode())
    return beside(lock)


def signer(lock: Path, raw: bytes, signers: Path) -> str:
    """Return who of the file of allowed `signers` signed `raw`, the content of the lock.

    Raises `WrongInputError` where nobody of them did, or where there is no signature.
    """
    signature = beside(lock)
    read(signature, "the signature", _MOST)
    read(signers, "the allowed signers", _MOST)
    words = ("-f", str(signers), "-s", str(signature))
    found = _run("-Y", "find-principals", *words)
    for name in found.stdout.decode(errors="replace").splitlines() if found.returncode == 0 else ():
        if _run("-Y", "verify", "-I", name, "-n", NAMESPACE, *words, given=raw).returncode == 0:
            return neutral(name)
    raise WrongInputError(
        f"{signature} is no signature of {lock} by anybody in {signers}", "take both from where they were signed"
    )


def _run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run([_PROGRAM, *words], input=given, capture_output=True, check=False)
    except OSError as error:
        raise MissingError(f"{_PROGRAM} cannot be run: {error.strerror}", "install OpenSSH's client") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return neutral(" ".join(done.stderr.decode(errors="replace").split())[-200:])
