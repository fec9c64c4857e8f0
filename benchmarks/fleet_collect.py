"""Collects from ssh hosts in network namespaces, by `gpusetup fleet collect` and by Ansible; some hosts misbehave.

Run as root: ``python benchmarks/fleet_collect.py [HOSTS]``. Each host has an address, a name, a link and an sshd of its
own; sound ones run the real doctor over a written machine with eight H100. Prints docs/evidence/fleet.md's figures.
"""

from __future__ import annotations

import json
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gpusetup.fleet.gather import gather
from gpusetup.fleet.judge import judge
from tests.fleet import synthetic
from tests.fleet.ansible_play import play
from tests.fleet.ssh_hosts import BEHAVIOURS, PORT, Servers
from tests.fleet.ssh_networks import networks

DEADLINE = 45
AHEAD = "a clock two hours ahead"
DIFFERS = "another kernel"
SOUND = f"""#!/bin/sh
case $1 in
  detect) cat {{folder}}/machine.json ;;
  doctor) exec {shlex.quote(sys.executable)} -P -m gpusetup doctor --json --machine {{folder}}/machine.json ;;
esac
"""
LEAVES = """#!/bin/sh
case $1 in
  detect) cat {folder}/machine.json ;;
  doctor) ip link set host0 down; sleep 600 ;;
esac
"""
PROGRAMS = {name: text for name, text in BEHAVIOURS.items() if name != "sound"} | {"leaves the network": LEAVES}
SILENT = ("no server", "accepts and says nothing")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    kinds = {f"node{number:02}": "sound" for number in range(1, count + 1)}
    special = [AHEAD, DIFFERS, *PROGRAMS, *SILENT]
    kinds |= {f"bad{number:02}": kind for number, kind in enumerate(special, start=1)}
    folder = Path(tempfile.mkdtemp())
    with networks(list(kinds)) as made:
        servers = Servers(folder)
        configurations = {made[name][0]: _make(servers, name, made[name][0], kind) for name, kind in kinds.items()}
        answering = {address: file for address, file in configurations.items() if file is not None}
        entered = dict(made.values())
        mute = next(made[name] for name, kind in kinds.items() if kind == SILENT[1])
        listen = f"import socket,time; s=socket.create_server(('{mute[0]}',{PORT})); time.sleep(9999)"
        listener = subprocess.Popen([*mute[1], sys.executable, "-c", listen])
        try:
            with servers.running(answering, entered):
                addresses = {name: address for name, (address, _) in made.items()}
                _ssh(servers, addresses, kinds, folder)
                for _, own in made.values():  # the link that was taken down
                    subprocess.run([*own[:4], "ip", "link", "set", "host0", "up"], check=True, capture_output=True)
                _ansible(servers, addresses, kinds, folder)
        finally:
            listener.kill()
            shutil.rmtree(folder, ignore_errors=True)


def _make(servers: Servers, name: str, address: str, kind: str) -> Path | None:
    if kind in SILENT:
        with servers.known_hosts.open("a") as known:
            known.write(f"[{address}]:{PORT} {(servers.identity.parent / 'host.pub').read_text()}")
        return None
    parts = synthetic.sound(int(name[-2:]) + 500 * (kind != "sound"), random.Random(name), proofs=False)
    machine = parts["machine"]
    now = time.time() + (7200 if kind == AHEAD else 0)
    machine["read_at"] = datetime.fromtimestamp(now, UTC).isoformat()
    if kind == DIFFERS:
        machine["system"]["kernel"]["release"] = "6.5.0-1-generic"
    files = {f"{part}.json": msgspec.json.encode(value) for part, value in parts.items()}
    return servers.make(address, PROGRAMS.get(kind, SOUND), files)


def _ssh(servers: Servers, addresses: Mapping[str, str], kinds: Mapping[str, str], folder: Path) -> None:
    output = folder / "ssh.jsonl"
    words = [f"root@{address}:{PORT}" for address in addresses.values()]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "gpusetup", "fleet", "collect", "-o", str(output), "--identity", str(servers.identity),
         "--known-hosts", str(servers.known_hosts), "--deadline", str(DEADLINE), *words],
        check=False, capture_output=True, text=True)  # fmt: skip
    print(f"ssh: {len(words)} hosts, {time.monotonic() - began:.1f} s, exit code {done.returncode}")
    named = {address: name for name, address in addresses.items()}
    errors = {named[one["host"]]: one.get("error", "") for one in map(json.loads, output.read_text().splitlines())}
    _table(kinds, errors, {named[one.name]: one for one in judge(gather([output]), datetime.now(UTC)).hosts})


def _ansible(servers: Servers, addresses: Mapping[str, str], kinds: Mapping[str, str], folder: Path) -> None:
    work = folder / "ansible"
    played = play(servers, addresses, "gpusetup.fleet.collect", work, {"gpusetup_deadline": DEADLINE}, forks=32)
    print(f"ansible: {len(addresses)} hosts, {played.seconds:.1f} s, exit code {played.code}")
    files = {file.stem: json.loads(file.read_text()) for file in (work / "reports").iterdir()}
    errors = {name: one.get("error", "") for name, one in files.items()}
    _table(kinds, errors, {one.name: one for one in judge(gather([work / "reports"]), datetime.now(UTC)).hosts})


def _table(kinds: Mapping[str, str], errors: Mapping[str, str], judged: Mapping[str, object]) -> None:
    """Print what became of each host that is not sound, and how many of the sound ones were told as such."""
    sound = [name for name, kind in kinds.items() if kind == "sound"]
    fine = sum(name in errors and not errors[name] for name in sound)
    states = {name: getattr(one, "state") for name, one in judged.items()}  # noqa: B009 - the judgement's own type is long
    print(f"  sound: {fine} of {len(sound)} whole, {sum(states.get(name) == 'unknown' for name in sound)} unknown")
    for name, kind in kinds.items():
        if kind == "sound" and states.get(name) == "unknown":
            print(f"    {name}: {getattr(judged[name], 'reasons')}")  # noqa: B009
        if kind != "sound":
            why = "".join(sign if sign.isprintable() else " " for sign in errors.get(name, "NO LINE"))
            print(f"  {kind}: {states.get(name)}: {why[:160]}")


if __name__ == "__main__":
    main()
