"""Hosts as network namespaces on one bridge, each with a link of its own of a stated rate, and faults put into links.

Rates are held by the kernel (htb), losses by its packet filter. This kernel has no netem, so there is no delay.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

RATE = "200mbit"


class Net(NamedTuple):
    """The namespaces in the order of their hosts."""

    spaces: tuple[str, ...]

    def address(self, host: int) -> str:
        """Return a host's address."""
        return f"10.77.{host // 250}.{host % 250 + 1}"

    def narrow_host(self, host: int, rate: str) -> None:
        """Give a host's link another rate, for what it sends."""
        self._in(host, f"tc class change dev eth0 parent 1: classid 1:10 htb rate {rate} quantum 60000")

    def narrow_pair(self, sender: int, receiver: int, rate: str) -> None:
        """Give what one host sends to another a rate of its own."""
        self._in(sender, f"tc class add dev eth0 parent 1: classid 1:20 htb rate {rate} quantum 60000")
        where = f"{self.address(receiver)}/32"
        self._in(sender, f"tc filter add dev eth0 parent 1: protocol ip u32 match ip dst {where} flowid 1:20")

    def lose(self, sender: int, receiver: int, share: float) -> None:
        """Lose a share of the packets from one host to another, at the receiver."""
        self._in(
            receiver,
            f"iptables -A INPUT -s {self.address(sender)} -m statistic --mode random --probability {share} -j DROP",
        )

    def cut(self, one: int, other: int) -> None:
        """Lose all packets between two hosts."""
        for here, there in ((one, other), (other, one)):
            self._in(here, f"iptables -A INPUT -s {self.address(there)} -j DROP")

    def _in(self, host: int, command: str) -> None:
        _do(f"ip netns exec {self.spaces[host]} {command}")


@contextmanager
def network(hosts: int, rate: str = RATE) -> Iterator[Net]:
    """Yield `hosts` namespaces on a bridge; all are removed at the end."""
    mark = f"gl{os.getpid() % 10_000}"
    net = Net(tuple(f"{mark}n{host}" for host in range(hosts)))
    try:
        _do(f"ip link add {mark}b type bridge", f"ip link set {mark}b up")
        for host, space in enumerate(net.spaces):
            _do(
                f"ip netns add {space}",
                f"ip link add {mark}v{host} type veth peer name eth0 netns {space}",
                f"ip link set {mark}v{host} master {mark}b up",
                f"ip -n {space} addr add {net.address(host)}/16 dev eth0",
                f"ip -n {space} link set eth0 up",
                f"ip -n {space} link set lo up",
                f"ip netns exec {space} tc qdisc add dev eth0 root handle 1: htb default 10",
                f"ip netns exec {space} tc class add dev eth0 parent 1: classid 1:10 htb rate {rate} quantum 60000",
            )
        yield net
    finally:
        for space in net.spaces:
            _do(f"ip netns del {space}", check=False)
        _do(f"ip link del {mark}b", check=False)


def spec(net: Net) -> dict[str, Any]:
    """Return what the hub needs to put each rank into its namespace."""
    return {"networks": net.spaces, "address": net.address(0)}


def _do(*commands: str, check: bool = True) -> None:
    for command in commands:
        done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        assert not check or not done.returncode, f"{command}: {done.stderr}"
