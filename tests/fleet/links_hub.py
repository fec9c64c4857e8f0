"""Many ranks on one computer: imports torch once, and forks a guard with its rank for each, some with a fault.

``python links_hub.py`` reads one run per line (JSON: world, hosts, words, faults, networks) and prints a line when each
is over: the seconds it took. A fault is what hardware, a library or a host would do, put into one rank.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import time
from typing import Any

import torch

from gpusetup.fleet.links.program.__main__ import main
from gpusetup.fleet.links.program.exchange import Rank

_NEW_NETWORK = 0x40000000
_LATE = 1.0


class FlipsSent(Rank):
    """One bit of what it sends is wrong."""

    def given(self, other: int, turn: int) -> Any:
        numbers = super().given(other, turn)
        numbers[1000] ^= 1 << 20
        return numbers


class FlipsReceived(Rank):
    """One bit of what it receives is wrong."""

    def received(self, group: Any, other: int, turn: int) -> Any:
        numbers = super().received(group, other, turn)
        numbers[77] ^= 1
        return numbers


class Stale(Rank):
    """It sends the buffer of the turn before."""

    def given(self, other: int, turn: int) -> Any:
        return super().given(other, max(0, turn - 1))


class SumFlips(Rank):
    """What it gives to a sum is wrong, and all else right."""

    def spoken(self, turn: int) -> Any:
        numbers = super().spoken(turn)
        numbers[5] += 1
        return numbers


class Unwritten(Rank):
    """What it receives stays zero."""

    def received(self, group: Any, other: int, turn: int) -> Any:
        return super().received(group, other, turn) * 0


class SlowSends(Rank):
    """It needs a tenth of a second for each of its turns."""

    def given(self, other: int, turn: int) -> Any:
        time.sleep(0.1)
        return super().given(other, turn)


class Late(Rank):
    """It comes a second late to every meeting."""

    def pair(self, store: Any, first: int, second: int) -> dict[str, Any]:
        time.sleep(_LATE)
        return super().pair(store, first, second)


class Dies(Rank):
    """It is killed in its third meeting."""

    met = 0

    def meet(self, store: Any, group: list[int]) -> Any:
        self.met += 1
        if self.met == 3:
            self.fail()
        return super().meet(store, group)

    def fail(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Hangs(Dies):
    """It stops in its third meeting."""

    def fail(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)


class HostGone(Dies):
    """Its host stops, with all processes, in its third meeting."""

    def fail(self) -> None:
        os.kill(os.getppid(), signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)


class OnePair(Rank):
    """What it sends to rank 0 alone is wrong: the path, not the rank."""

    def given(self, other: int, turn: int) -> Any:
        numbers = super().given(other, turn)
        if not other:
            numbers[3] ^= 2
        return numbers


KINDS = {one.__name__: one for one in (FlipsSent, FlipsReceived, Stale, SumFlips, Unwritten, SlowSends, Late, Dies,
                                       Hangs, HostGone, OnePair)}  # fmt: skip


def run(spec: dict[str, Any]) -> float:
    """Run one record's ranks; return the seconds."""
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    world, started = spec["world"], time.monotonic()
    children: dict[int, int] = {}
    for rank in range(world):
        child = os.fork()
        if not child:
            _be(rank, port, spec)
        children[child] = rank
    first = next(child for child, rank in children.items() if not rank)
    os.waitpid(first, 0)
    seconds = time.monotonic() - started
    end = time.monotonic() + 3
    left = children.keys() - {first}
    while left and time.monotonic() < end:
        left = {child for child in left if not os.waitpid(child, os.WNOHANG)[0]}
        time.sleep(0.05)
    for child in left:  # a guard whose host has stopped; its rank, which is stopped too, is of its session
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return seconds


def _be(rank: int, port: int, spec: dict[str, Any]) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        os.dup2(2, 1)
        address = "127.0.0.1"
        if spec.get("networks"):
            space = os.open(f"/run/netns/{spec['networks'][rank]}", os.O_RDONLY)
            assert not ctypes.CDLL(None, use_errno=True).setns(space, _NEW_NETWORK)
            address = spec["address"]
            os.environ["GLOO_SOCKET_IFNAME"] = "eth0"
        os.environ |= {
            "RANK": str(rank),
            "WORLD_SIZE": str(spec["world"]),
            "MASTER_ADDR": address,
            "MASTER_PORT": str(port),
        }
        fault = spec.get("faults", {}).get(str(rank))
        host = ["--host", spec["hosts"][rank]] if spec.get("hosts") else []
        code = main([*spec["words"], *host], KINDS[fault] if fault else Rank)
    finally:
        os._exit(code)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in sys.stdin:
        sys.stdout.write(f"{run(json.loads(line))}\n")
        sys.stdout.flush()
