"""The sandbox for commands in an image, which may be untrusted.

No network, no capabilities, no new privileges, an ordinary user, a read-only root with one tmpfs, and limits on
processes, memory, time and output.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import threading
from collections.abc import Sequence

from gpusetup.errors import RefusedError, StepFailedError
from gpusetup.images.builder import Builder

PERSON = "1000:1000"
"""User and group of the command, overriding the image's; images made by gpusetup have this user."""
PROCESSES = 4096
SECONDS = 3600
"""Timeout for one self-test; a quick one takes a minute."""
PRINTED = 64 << 20
"""Maximum output in bytes; the largest proof has 9 MB."""
SCRATCH = "/tmp"  # noqa: S108 - inside a container that lives for one command


def options(name: str) -> list[str]:
    """Return the options for a container called `name`; podman and docker share them."""
    return [
        "--rm", "--interactive", "--pull=never", f"--name={name}",
        "--network=none", "--cap-drop=all", "--security-opt=no-new-privileges", f"--user={PERSON}",
        "--read-only", f"--tmpfs={SCRATCH}:rw,exec,nosuid,nodev,mode=1777", f"--env=HOME={SCRATCH}",
        f"--pids-limit={PROCESSES}", f"--memory={_memory()}",
    ]  # fmt: skip


def buildah_options() -> tuple[list[str], list[str]]:
    """Return buildah's options for creating the container, and for running a command in it.

    buildah has neither a read-only root (this one is discarded) nor no-new-privileges: with an empty bounding set,
    set-user-id programs gain no capabilities. Its default limit of processes is 32,768.
    """
    made = ["--cap-drop=all", f"--memory={_memory()}", f"--ulimit=nproc={PROCESSES}:{PROCESSES}"]
    return made, ["--network=none", "--cap-drop=all", f"--user={PERSON}", f"--env=HOME={SCRATCH}"]


def without_network() -> list[str]:
    """Return the command prefix that removes the network: buildah's chroot isolation shares the host's.

    Raises `RefusedError` where the network cannot be removed.
    """
    if os.environ.get("BUILDAH_ISOLATION") != "chroot":
        return []
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        raise RefusedError(
            "buildah's chroot isolation shares the host's network, and only root can remove it",
            "use podman or docker: --builder podman",
        )
    return [unshare, "--net", "--"]


def new_name() -> str:
    """Return a unique container name."""
    return f"gpusetup-{secrets.token_hex(8)}"


def run(command: Sequence[str], builder: Builder, container: str, seconds: float = SECONDS) -> tuple[int, str]:
    """Run `command` and return its exit status and its output; its stderr is passed on.

    Raises `StepFailedError`, after ending the `container`, when it exceeds its limits of time or output.
    """
    over = threading.Event()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None

        def end() -> None:
            over.set()
            _end(process, builder, container)

        clock = threading.Timer(seconds, end)
        clock.start()
        try:
            printed = process.stdout.read(PRINTED + 1)  # one byte more than allowed shows that there is more
            if len(printed) > PRINTED:
                _end(process, builder, container)
                raise StepFailedError(
                    f"the command in the image printed more than {PRINTED >> 20} MiB", "do not trust this image"
                )
        finally:
            process.wait()
            clock.cancel()
    if over.is_set():
        raise StepFailedError(f"the command in the image took longer than {seconds:g} s", "the container was stopped")
    return process.returncode, printed.decode(errors="replace")


def _end(process: subprocess.Popen[bytes], builder: Builder, container: str) -> None:
    """Kill the container, which survives its client, and then the client."""
    if builder.name != "buildah":
        subprocess.run([builder.path, "kill", container], capture_output=True, check=False, timeout=60)
    process.kill()


def _memory() -> int:
    """Return three quarters of this machine's memory, in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
