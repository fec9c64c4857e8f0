"""How an image's own program is kept from everything but what it needs: it may be anybody's.

No network, no capabilities, no new privileges, no user but an ordinary one, nothing that can be written but a folder in
memory, and limits on processes, memory, time and what it prints.
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
"""Who it runs as, whatever the image says: the user that our images have too."""
PROCESSES = 4096
SECONDS = 3600
"""For one self-test; a quick one takes a minute."""
PRINTED = 64 << 20
"""Bytes of what it may print; the largest proof has 9 MB."""
SCRATCH = "/tmp"  # noqa: S108 - inside a container that lives for one command


def options(name: str) -> list[str]:
    """Return what podman and docker are told, by the same words, for a container called `name`."""
    return [
        "--rm", "--interactive", "--pull=never", f"--name={name}",
        "--network=none", "--cap-drop=all", "--security-opt=no-new-privileges", f"--user={PERSON}",
        "--read-only", f"--tmpfs={SCRATCH}:rw,exec,nosuid,nodev,mode=1777", f"--env=HOME={SCRATCH}",
        f"--pids-limit={PROCESSES}", f"--memory={_memory()}",
    ]  # fmt: skip


def buildah_options() -> tuple[list[str], list[str]]:
    """Return what buildah is told when it makes the container, and when it runs in it.

    It knows neither a read-only root, which is thrown away, nor no-new-privileges: without capabilities in their
    bounding set, programs with the set-user-id bit give none. Of processes it allows 32,768 unless told otherwise.
    """
    made = ["--cap-drop=all", f"--memory={_memory()}", f"--ulimit=nproc={PROCESSES}:{PROCESSES}"]
    return made, ["--network=none", "--cap-drop=all", f"--user={PERSON}", f"--env=HOME={SCRATCH}"]


def without_network() -> list[str]:
    """Return what buildah's own command is run under: in a chroot it leaves the host's network to what it runs.

    Raises `RefusedError` where that cannot be taken away.
    """
    if os.environ.get("BUILDAH_ISOLATION") != "chroot":
        return []
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        raise RefusedError(
            "buildah's chroot isolation leaves the network to what runs in the image, and only root can take it away",
            "use podman or docker: --builder podman",
        )
    return [unshare, "--net", "--"]


def new_name() -> str:
    """Return a name that no other container has."""
    return f"gpusetup-{secrets.token_hex(8)}"


def run(command: Sequence[str], builder: Builder, container: str, seconds: float = SECONDS) -> tuple[int, str]:
    """Run `command` and return its exit status and what it printed; what it says on stderr is passed on.

    Raises `StepFailedError`, after the `container` has been ended, when it takes or prints more than it may.
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
            printed = process.stdout.read(PRINTED + 1)
            if len(printed) > PRINTED:
                _end(process, builder, container)
                raise StepFailedError(f"what ran in the image printed more than {PRINTED >> 20} MiB", "do not trust it")
        finally:
            process.wait()
            clock.cancel()
    if over.is_set():
        raise StepFailedError(f"what ran in the image took longer than {seconds:g} s", "it has been ended")
    return process.returncode, printed.decode(errors="replace")


def _end(process: subprocess.Popen[bytes], builder: Builder, container: str) -> None:
    """End the container, which an engine's own client leaves running, and the client."""
    if builder.name != "buildah":
        subprocess.run([builder.path, "kill", container], capture_output=True, check=False, timeout=60)
    process.kill()


def _memory() -> int:
    """Return three quarters of this machine's memory, in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
