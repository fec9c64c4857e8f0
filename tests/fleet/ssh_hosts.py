"""Hosts that are reached by ssh: real servers, each at an address of its own, with a program `gpusetup` of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support import tool

PORT = 2222
ANSWERS = """#!/bin/sh
case $1 in
  detect) cat {folder}/machine.json ;;
  doctor) cat {folder}/report.json; exit 1 ;;
esac
"""
BEHAVIOURS = {
    "sound": ANSWERS,
    "hangs": "#!/bin/sh\nexec sleep 600\n",
    "dies": '#!/bin/sh\ncase $1 in\n  detect) cat {folder}/machine.json ;;\n  doctor) kill -9 "$PPID" ;;\nesac\n',
    "is killed": "#!/bin/sh\ncase $1 in\n  detect) cat {folder}/machine.json ;;\n  doctor) kill -9 $$ ;;\nesac\n",
    "hangs later": "#!/bin/sh\ncase $1 in\n  detect) cat {folder}/machine.json ;;\n  *) exec sleep 600 ;;\nesac\n",
    "garbage": "#!/bin/sh\nhead -c 5000 /dev/urandom\n",
    "half": "#!/bin/sh\nhead -c 900 {folder}/machine.json\n",
    "endless": "#!/bin/sh\nexec yes 0123456789\n",
    "endless errors": "#!/bin/sh\nyes trouble >&2\n",
    "fails": "#!/bin/sh\necho 'no such thing: \033[2Jcleared' >&2\nexit 70\n",
    "something else": "#!/bin/sh\necho '{{}}'\n",
}
"""What the program of a host does; ``{folder}`` is the host's own."""
CONFIG = """ListenAddress {address}
Port {port}
HostKey {keys}/host
PidFile none
AuthorizedKeysFile {keys}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel ERROR
SetEnv PATH={folder}:/usr/bin:/bin
"""


class Servers:
    """Servers below `folder`; `identity` and `known_hosts` are what a client needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sshd = tool("sshd")
        self.identity, self.known_hosts = folder / "user", folder / "known_hosts"
        for name in ("user", "host"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        self.known_hosts.touch()

    def make(self, address: str, program: str, files: Mapping[str, bytes] = {}) -> Path:
        """Make the files of a host, and return the configuration of its server."""
        own = self._folder / address
        own.mkdir()
        for name, raw in files.items():
            (own / name).write_bytes(raw)
        (own / "gpusetup").write_text(program.format(folder=own))
        (own / "gpusetup").chmod(0o755)
        (own / "sshd_config").write_text(CONFIG.format(address=address, port=PORT, keys=self._folder, folder=own))
        with self.known_hosts.open("a") as known:
            known.write(f"[{address}]:{PORT} {(self._folder / 'host.pub').read_text()}")
        return own / "sshd_config"

    @contextlib.contextmanager
    def running(self, configurations: Mapping[str, Path], before: Mapping[str, list[str]] = {}) -> Iterator[None]:
        """Run a server for each address; `before` is a command to run it by, such as one that enters a namespace."""
        Path("/run/sshd").mkdir(exist_ok=True)  # where a server as root wants to separate privileges
        # a process namespace each: what a session leaves behind ends with its server
        own = ["unshare", "--pid", "--fork", "--kill-child"]
        started = [
            subprocess.Popen(
                [*before.get(address, []), *own, self._sshd, "-D", "-f", str(file)], start_new_session=True
            )
            for address, file in configurations.items()
        ]
        try:
            self._wait(configurations)
            yield
        finally:
            for one in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(one.pid, 9)
                one.wait()

    def _wait(self, addresses: Mapping[str, Path]) -> None:
        """Return when every server listens."""
        for address in addresses:
            for _ in range(200):
                command = ["ssh-keyscan", "-p", str(PORT), "-T", "1", "-t", "ed25519", address]
                if subprocess.run(command, capture_output=True, check=False).stdout:
                    break
                time.sleep(0.05)
            else:
                sys.exit(f"no ssh server listens at {address}")
