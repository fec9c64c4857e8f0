"""The root of another Debian, whose newer tools build and run images; and a registry in it, of stand-in images."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.lab.stubs import run

SUITE = "sid"
"""The one that has Apptainer."""
TOOLS = (
    "apptainer", "buildah", "ca-certificates", "crun", "docker-cli", "docker-compose", "docker-registry", "podman",
    "squashfs-tools", "systemd",
)  # fmt: skip
HOSTS = (
    "registry.fedoraproject.org", "docker.io", "index.docker.io", "registry-1.docker.io", "nvcr.io",
    "registry.access.redhat.com",
)  # fmt: skip
REGISTRY = """version: 0.1
storage: {{filesystem: {{rootdirectory: /var/lib/lab-registry}}}}
http: {{addr: "127.0.0.1:{port}"{tls}}}
"""
TLS = ", tls: {certificate: /etc/lab/cert.pem, key: /etc/lab/key.pem}"
PORT = 5055


@contextlib.contextmanager
def debian(folder: Path) -> Iterator[Debian]:
    """Give the root in `folder`, made by debootstrap where there is none yet, mounted and with ``/proc`` meanwhile."""
    fresh = not (folder / "usr/bin/apptainer").exists()
    if fresh:
        run("debootstrap", "--variant=minbase", SUITE, folder)
    run("mount", "--bind", "--make-private", folder, folder)
    run("mount", "-t", "proc", "proc", folder / "proc")
    made = Debian(folder)
    try:
        if fresh:
            made.run("apt-get", "update")
            made.run("apt-get", "install", "--yes", "--no-install-recommends", *TOOLS)
        made.serve()
        yield made
    finally:
        run("umount", "--lazy", "--recursive", folder)


class Debian:
    """The root in `folder`, with `TOOLS`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, before: Iterable[str] = ()) -> str:
        """Run `command` in the root and return what it printed."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
        whole = [*before, "chroot", str(self.folder), *command]
        done = subprocess.run(whole, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def online(self, *command: str) -> str:
        """Run `command` in the root where the registry is the internet."""
        return run("bash", Path(__file__).with_name("in-registry.sh"), self.folder, *command)

    def write(self, path: str, text: str) -> None:
        place = self.folder / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def push(self, reference: str, env: dict[str, str]) -> None:
        """Put the image `reference`, of the store that `env` is for, into the registry, where its name leads."""
        path = reference.partition("@")[0].partition("/")[2]
        self.write("/etc/lab/push.yml", REGISTRY.format(port=PORT, tls=""))
        served = subprocess.Popen(
            ["chroot", self.folder, "docker-registry", "serve", "/etc/lab/push.yml"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(PORT)
            run(
                "buildah",
                "push",
                "--quiet",
                "--tls-verify=false",
                reference,
                f"docker://127.0.0.1:{PORT}/{path}",
                env=env,
            )
        finally:
            served.terminate()
            served.wait()

    def serve(self) -> None:
        """Let every host of `HOSTS` be the registry in here, and have the certificate for it."""
        self.write("/etc/hosts", f"127.0.0.1 localhost {' '.join(HOSTS)}\n")
        self.write("/etc/lab/registry.yml", REGISTRY.format(port=443, tls=TLS))
        names = ",".join(f"DNS:{host}" for host in HOSTS)
        place = self.folder / "etc/lab"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=lab", "-addext",
            f"subjectAltName={names}", "-keyout", place / "key.pem", "-out", place / "cert.pem")  # fmt: skip


def _wait(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on port {port}")
