"""The conductor: gives orders, one after the other, and notes what the ranks answer.

It is no rank: it stands in the process that started rank 0, so that a rank which dies or hangs, the first one too,
holds up nothing. An order is a text in the store that all ranks read; who does not answer it in time is *gone*, and
takes part in nothing after it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

from gpusetup.fleet.links.program.schedule import Pair, halves, rounds

SUSPECT, LATE = 0.7, 2.5
"""Share of the median rate below which, and of the latency above which, a pair is measured again, with nothing else on
the network: up to `AGAIN` times, `MOST_AGAIN` pairs each."""
AGAIN, MOST_AGAIN = 2, 24
_SLICE = timedelta(seconds=0.5)
_BEATS = 3.0
"""Seconds within which a host that is there has shown a sign of life."""

Answers = dict[int, dict[str, Any]]


class Conductor:
    """What has been measured so far, and who is still there."""

    def __init__(self, store: Any, world: int, deadline: float, tell: Callable[[str], None]) -> None:
        self.store, self.world, self.deadline, self.tell = store, world, deadline, tell
        self.ranks: list[dict[str, Any]] = []
        self.gone: dict[int, dict[str, Any]] = {}
        self.pairs: list[dict[str, Any]] = []
        self.totals: list[dict[str, Any]] = []
        self._orders = 0

    @property
    def there(self) -> list[int]:
        """The ranks that have answered so far."""
        return [one["rank"] for one in self.ranks if one["rank"] not in self.gone]

    def meet(self, patience: float) -> None:
        """Wait until every rank has said where it is."""
        answers = self._collect("here", range(self.world), patience)
        self.ranks = [answers[rank] for rank in sorted(answers)]

    def measure(self, most: int) -> tuple[int, int]:
        """Give all orders; return how many rounds between hosts there were, and of how many."""
        hosts: dict[str, list[int]] = {}
        for one in self.ranks:
            hosts.setdefault(one["host"], []).append(one["rank"])
        planned = rounds(list(hosts.values()), most)
        for number, (kind, pairs) in enumerate(planned, start=1):
            self.tell(f"round {number} of {len(planned)}: {len(pairs)} pairs {kind} hosts")
            self._pairs(kind, pairs)
        for _ in range(AGAIN):
            for kind, pair in self._suspects():
                self.tell(f"ranks {pair[0]} and {pair[1]} again, alone")
                self._pairs(kind, [pair], alone=True)
        self._total()
        between = len(hosts) - 1 + len(hosts) % 2 if len(hosts) > 1 else 0
        return sum(kind == "between" for kind, _ in planned), between

    def end(self) -> None:
        """Send the ranks home, and wait until they have left the store."""
        self._order({"kind": "end"})
        self._collect("bye", self.there, self.deadline, note=False)

    def _pairs(self, kind: str, pairs: Iterable[Pair], *, alone: bool = False) -> None:
        some = [pair for pair in pairs if not self.gone.keys() & set(pair)]
        if not some:
            return
        number = self._order({"kind": "pairs", "pairs": some})
        answers = self._collect(f"done/{number}", [rank for pair in some for rank in pair], 2.5 * self.deadline)
        self.pairs += [_pair(one, two, kind, alone, answers) for one, two in some]

    def _suspects(self) -> list[tuple[str, Pair]]:
        """Return the pairs to be measured again: what is wrong or failed, once; what is slow or late so far."""
        found: list[tuple[float, str, Pair]] = []
        for kind in ("within", "between"):
            tries: dict[Pair, list[dict[str, Any]]] = {}
            for one in self.pairs:
                if one["kind"] == kind and not self.gone.keys() & set(one["of"]):
                    tries.setdefault((one["of"][0], one["of"][1]), []).append(one)
            rates = {
                pair: min(map(max, zip(*(one["rate"] for one in some), strict=True))) for pair, some in tries.items()
            }
            times = {pair: min(one["latency"] for one in some) for pair, some in tries.items()}
            usual, soon = median(rates.values() or (0.0,)), median(times.values() or (0.0,))
            for pair, some in tries.items():
                bad = not rates[pair] or any(any(one["wrong"]) for one in some)
                if bad and len(some) == 1:
                    found.append((-1.0, kind, pair))
                elif rates[pair] and (rates[pair] < SUSPECT * usual or times[pair] > LATE * soon):
                    found.append((min(rates[pair] / (usual or 1.0), soon / (times[pair] or 1.0)), kind, pair))
        return [(kind, pair) for _, kind, pair in sorted(found)[:MOST_AGAIN]]

    def _total(self) -> None:
        """Add up over all ranks; where that is wrong or fails, over halves, down to those that it comes from."""
        level = [self.there]
        turn = 0
        leaves: list[list[int]] = []
        while level:
            turn += 1
            self.tell(f"sums of {', '.join(str(len(group)) for group in level[:8])} ranks")
            bad = [one for one in self._sums(level, turn) if _is_bad(one)]
            leaves += [one["ranks"] for one in bad if len(one["ranks"]) == 2]
            level = [
                half for one in bad if len(one["ranks"]) > 2 and len(one["wrong"]) != 1 for half in halves(one["ranks"])
            ]
            level = [[rank for rank in group if rank not in self.gone] for group in level]
            level = [group for group in level if len(group) > 1]
        self._probe(leaves, turn)

    def _probe(self, leaves: Sequence[Sequence[int]], turn: int) -> None:
        """Of two ranks that give a wrong sum together, have each add up with one that gave none."""
        doubtful = {rank for leaf in leaves for rank in leaf}
        sound = next((rank for rank in self.there if rank not in doubtful), None)
        for rank in sorted(doubtful):
            turn += 1
            if sound is not None and sound not in self.gone and rank not in self.gone:
                self._sums([sorted((rank, sound))], turn)

    def _sums(self, groups: Sequence[Sequence[int]], turn: int) -> list[dict[str, Any]]:
        number = self._order({"kind": "total", "groups": groups, "turn": turn})
        answers = self._collect(f"done/{number}", [rank for group in groups for rank in group], 2.5 * self.deadline)
        found = []
        for group in groups:
            own = {rank: answers[rank] for rank in group if rank in answers}
            found.append({
                "ranks": list(group), "seconds": max((one.get("seconds", 0.0) for one in own.values()), default=0.0),
                "wrong": [rank for rank, one in own.items() if one.get("wrong")],
                "failed": [rank for rank in group if rank not in own or own[rank].get("error")],
            })  # fmt: skip
        self.totals += found
        return found

    def _order(self, order: dict[str, Any]) -> int:
        self._orders += 1
        self.store.set(f"order/{self._orders}", json.dumps(order))
        return self._orders

    def _collect(self, what: str, ranks: Iterable[int], patience: float, *, note: bool = True) -> Answers:
        """Return what the ranks answer; who dies meanwhile, or does not answer in time, is gone."""
        missing, end = [*ranks], time.monotonic() + patience
        found: Answers = {}
        while missing:
            try:
                self.store.wait([f"{what}/{rank}" for rank in missing], _SLICE)
            except Exception:
                ready = [rank for rank in missing if self.store.check([f"{what}/{rank}"])]
            else:
                ready = [*missing]
            found |= {rank: json.loads(self.store.get(f"{what}/{rank}")) for rank in ready}
            missing = [rank for rank in missing if rank not in found]
            dead = [rank for rank in missing if self.store.check([f"gone/{rank}"])]
            for rank in dead:
                self._note(rank, bytes(self.store.get(f"gone/{rank}")).decode())
            missing = [rank for rank in missing if rank not in dead]
            if time.monotonic() > end:
                break
        if missing and note:
            signs = {rank: self._sign(rank) for rank in missing}
            time.sleep(_BEATS)
            for rank, before in signs.items():
                alive = self._sign(rank) != before
                self._note(rank, "its process hangs" if alive else "its host gives no sign of life")
        return found

    def _note(self, rank: int, why: str) -> None:
        doing = self._text(f"doing/{rank}")
        self.gone[rank] = {"rank": rank, "why": why, "doing": doing}
        self.tell(f"rank {rank} is gone: {why}{f', {doing}' if doing else ''}")

    def _sign(self, rank: int) -> str:
        return self._text(f"beat/{rank}")

    def _text(self, key: str) -> str:
        return bytes(self.store.get(key)).decode() if self.store.check([key]) else ""


def _pair(first: int, second: int, kind: str, alone: bool, answers: Answers) -> dict[str, Any]:
    """Return what two ranks have measured of each other; of each direction the receiver's word counts."""
    here, there = (answers.get(rank, {"error": "no answer"}) for rank in (first, second))
    latencies = [one["latency"] for one in (here, there) if "latency" in one]
    return {
        "of": [first, second], "kind": kind, "alone": alone, "latency": min(latencies, default=0.0),
        "waited": [one.get("waited", 0.0) for one in (here, there)],
        "rate": [one["sent"] / max(one["seconds"], 1e-9) if "sent" in one else 0.0 for one in (there, here)],
        "wrong": [one.get("wrong") or [] for one in (there, here)],
        "error": [one.get("error", "") for one in (here, there)],
    }  # fmt: skip


def _is_bad(total: dict[str, Any]) -> bool:
    return bool(total["wrong"] or total["failed"])
