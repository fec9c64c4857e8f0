"""What a rank does: exchange numbers with one other, or add up with a group. Each in a group of its own.

A group is made for one exchange and dropped after it, so that a pair that hangs or loses its connection spoils no
other. gloo for processes on CPUs, NCCL where each rank has a card.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from gpusetup.fleet.links.program import payload

PINGS, TURNS = 32, 4
"""Of one exchange in each direction; the best counts, since load makes one slower and never faster."""
SUMMED = 4096

Say = Callable[[str], None]


class Late(Exception):  # noqa: N818 - a word of the room
    """An exchange was not over in time."""


class Rank:
    """One rank with its device and the fixed numbers."""

    def __init__(self, rank: int, device: str, size: int, deadline: float, say: Say) -> None:
        self.rank, self.device, self.deadline, self.say = rank, device, deadline, say
        self._until = 0.0
        self.count = max(1, size // 4)
        self.base = payload.draw(self.count, device)

    def meet(self, store: Any, group: list[int]) -> Any:
        """Return a process group of `group`, once all of it have come."""
        self._until = time.monotonic() + 2 * self.deadline
        limit = timedelta(seconds=self.deadline)
        place = group.index(self.rank)
        store.set_timeout(limit)
        if self.device == "cpu":
            return dist.ProcessGroupGloo(store, place, len(group), limit)
        options = dist.ProcessGroupNCCL.Options()
        options._timeout = limit
        return dist.ProcessGroupNCCL(store, place, len(group), options)

    def pair(self, store: Any, first: int, second: int) -> dict[str, Any]:
        """Exchange numbers with the other of a pair in both directions; the lower rank sends first."""
        other = second if self.rank == first else first
        started = time.monotonic()
        self.say(f"meeting rank {other}")
        group = self.meet(store, [first, second])
        self._ping(group, other, first)
        found: dict[str, Any] = {"waited": time.monotonic() - started}
        found["latency"] = min(self._ping(group, other, first) for _ in range(PINGS)) / 2
        for sender in (first, second):
            self.say(f"{'sending to' if sender == self.rank else 'receiving from'} rank {other}")
            received = self._turns(group, sender, other)
            if sender != self.rank:
                found |= {"seconds": min(one[0] for one in received), "sent": self.count * 4}
                found["wrong"] = next((list(one[1]) for one in received if one[1][0]), [])
        return found

    def total(self, store: Any, ranks: list[int], turn: int) -> dict[str, Any]:
        """Add up over a group, and compare with the right sum."""
        self.say(f"adding up with {len(ranks)} ranks")
        group = self.meet(store, ranks)
        numbers = self.spoken(turn)
        started = time.monotonic()
        self._wait(group.allreduce([numbers]))
        seconds = time.monotonic() - started
        right = payload.total(ranks, turn, SUMMED, self.device)
        return {"seconds": seconds, "wrong": int(torch.count_nonzero(numbers - right))}

    def spoken(self, turn: int) -> Any:
        """Return what this rank gives to a sum."""
        return payload.spoken(self.rank, turn, SUMMED, self.device)

    def given(self, other: int, turn: int) -> Any:
        """Return what this rank sends to another in a turn."""
        return self.base ^ payload.word(self.rank, other, turn)

    def received(self, group: Any, other: int, turn: int) -> Any:
        """Return what another sent in a turn."""
        into = torch.zeros(self.count, dtype=torch.int32, device=self.device)
        self._wait(group.recv([into], self._place(other), turn + 1))
        return into

    def _turns(self, group: Any, sender: int, other: int) -> list[tuple[float, tuple[int, int, str]]]:
        """Send, or receive, turn after turn: as many as the receiver wants, who stops where one takes long."""
        found: list[tuple[float, tuple[int, int, str]]] = []
        started = time.monotonic()
        for turn in range(TURNS):
            more = not found or time.monotonic() - started < self.deadline / 4
            if sender != self.rank:
                self._signal(group, other, receive=False, value=int(more))
            elif not self._signal(group, other, receive=True):
                break
            if not more and sender != self.rank:
                break
            if sender == self.rank:
                self._wait(group.send([self.given(other, turn)], self._place(other), turn + 1))
            else:
                found.append(self._received(group, other, turn))
        return found

    def _received(self, group: Any, other: int, turn: int) -> tuple[float, tuple[int, int, str]]:
        """Receive one turn: its seconds, and what is wrong."""
        started = time.monotonic()
        got = self.received(group, other, turn)
        seconds = time.monotonic() - started
        own = payload.word(other, self.rank, turn)
        words = [(f"the numbers of turn {one}", payload.word(other, self.rank, one)) for one in range(TURNS)]
        words.append(("its own numbers came back", payload.word(self.rank, other, turn)))
        found = payload.fault(got, self.base ^ own, words, own)
        if found[0] and not int(torch.count_nonzero(got)):
            found = (found[0], found[1], "nothing was written")
        return seconds, found

    def _ping(self, group: Any, other: int, first: int) -> float:
        started = time.monotonic()
        for receive in (False, True) if self.rank == first else (True, False):
            self._signal(group, other, receive=receive)
        return time.monotonic() - started

    def _signal(self, group: Any, other: int, *, receive: bool, value: int = 1) -> int:
        one = torch.full((1,), value, dtype=torch.int32, device=self.device)
        place = self._place(other)
        self._wait(group.recv([one], place, 0) if receive else group.send([one], place, 0))
        return int(one[0])

    def _place(self, other: int) -> int:
        return int(other > self.rank)

    def _wait(self, work: Any) -> None:
        """Wait for one operation, at most until the deadline; NCCL's own wait would only queue it."""
        left = min(self.deadline, self._until - time.monotonic())
        if left <= 0:
            raise Late(f"not over after {2 * self.deadline:g} s")
        if self.device == "cpu":
            work.wait(timedelta(seconds=left))
            return
        end = time.monotonic() + left
        while not work.is_completed():
            if time.monotonic() > end:
                raise Late(f"not over after {left:g} s")
            time.sleep(0)
        torch.cuda.synchronize()
