"""Plays of the collection in `integrations/ansible`, by Debian's ansible-core, over real ssh servers."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.fleet.ssh_hosts import PORT, Servers
from tests.support import ROOT, tool

COLLECTIONS = ROOT / "integrations/ansible"


class Played(NamedTuple):
    """What came of one play."""

    code: int
    said: str
    seconds: float


def play(
    servers: Servers, hosts: Mapping[str, str], book: str, work: Path, more: Mapping[str, object] = {},
    words: Iterable[str] = (), forks: int = 8,
) -> Played:  # fmt: skip
    """Run a playbook, of the collection or a file, over `hosts`, addresses by their names in the inventory."""
    work.mkdir(exist_ok=True)
    # a host's sshd sets PATH, and Ansible's own folders are kept out of the user's home
    common = f"-o UserKnownHostsFile={servers.known_hosts} -o StrictHostKeyChecking=yes -o ControlMaster=no"
    inventory = {
        "gpus": {
            "hosts": {name: {"ansible_host": address} for name, address in hosts.items()},
            "vars": {
                "ansible_user": "root", "ansible_port": PORT, "ansible_ssh_private_key_file": str(servers.identity),
                "ansible_ssh_common_args": common, "ansible_remote_tmp": str(work / "remote"),
                "ansible_python_interpreter": "/usr/bin/python3", "gpusetup_become": False,
                "gpusetup_folder": str(work / "reports"),
            },
        }
    }  # fmt: skip
    (work / "inventory.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    environment = {
        "PATH": f"{Path(tool('ansible-playbook')).parent}:/usr/bin:/bin", "HOME": str(work), "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_LOCAL_TEMP": str(work / "local"),
        "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
        "ANSIBLE_FORKS": str(forks), "ANSIBLE_RETRY_FILES_ENABLED": "0", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    command = [tool("ansible-playbook"), "-i", str(work / "inventory.yml"), book, "-e", json.dumps(more), *words]
    began = time.monotonic()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=work, stdin=subprocess.DEVNULL
    )
    return Played(done.returncode, done.stdout + done.stderr, time.monotonic() - began)


def read(work: Path) -> dict[str, Path]:
    """Return the files of the hosts by the hosts' names."""
    return {name.removesuffix(".json"): work / "reports" / name for name in os.listdir(work / "reports")}
