"""``torchrun … links.pyz --out links.json``: one process per rank, which forks the rank and watches over it.

torchrun, ``srun`` or whoever else starts it says by the environment which rank it is (RANK, WORLD_SIZE, MASTER_ADDR,
MASTER_PORT, or Slurm's own names).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from gpusetup.fleet.links.program.conduct import Conductor
from gpusetup.fleet.links.program.exchange import Rank
from gpusetup.fleet.links.program.schedule import COMPLETE

_AHEAD = timedelta(hours=12)
_BEAT = 0.5
_LONGEST = 400


def main(words: list[str], kind: type[Rank] = Rank) -> int:
    """Be one rank and its guard; the first guard conducts, and writes the record."""
    options = _options(words)
    rank, world = _number("RANK", "SLURM_PROCID"), _number("WORLD_SIZE", "SLURM_NTASKS")
    store = None if rank else _store(options.meet, master=True)  # before the ranks look for it
    child = os.fork()
    if not child:
        _be(rank, options, kind)
    if not rank:
        return _conduct(store, child, world, options)
    _guard(_store(options.meet), rank, child)
    return 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("links", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where rank 0 writes the record")
    parser.add_argument("--size", type=float, default=16.0, help="MiB of one exchange")
    parser.add_argument("--deadline", type=float, default=30.0, help="seconds that one exchange may take")
    parser.add_argument("--meet", type=float, default=300.0, help="seconds that ranks wait for each other at the start")
    parser.add_argument("--rounds", type=int, default=COMPLETE - 1, help="most rounds of pairs between hosts")
    parser.add_argument("--host", default=os.uname().nodename, help="this host's name in the record")
    parser.add_argument("--cpu", action="store_true", help="between processors, also where there are cards")
    return parser.parse_args(words)


def _number(*names: str) -> int:
    for name in names:
        if name in os.environ:
            return int(os.environ[name])
    sys.exit(f"links: {names[0]} is not set: start this with torchrun or srun")


def _store(patience: float, *, master: bool = False) -> Any:
    """Return a connection of its own to the store: torchrun's where it has one, else that of the first rank."""
    theirs = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    where, port = os.environ.get("MASTER_ADDR", ""), os.environ.get("MASTER_PORT", "")
    if not where or not port:
        sys.exit("links: MASTER_ADDR and MASTER_PORT are not set: with srun, export the first node's name and a port")
    limit = timedelta(seconds=patience)
    serve = master and not theirs
    return dist.PrefixStore("links", dist.TCPStore(where, int(port), None, serve, limit, wait_for_workers=False))


def _be(rank: int, options: argparse.Namespace, kind: type[Rank]) -> None:
    """Be the rank: say where it is, then carry out orders until the last."""
    code = 1
    try:
        store = _store(options.meet)
        device, card = _device(options)
        own = kind(
            rank, device, int(options.size * (1 << 20)), options.deadline, lambda what: store.set(f"doing/{rank}", what)
        )
        here = {"rank": rank, "host": options.host, "device": device, "card": card}
        store.set(f"here/{rank}", json.dumps(here))
        _obey(store, own, lambda: _store(options.meet))
        store.set(f"bye/{rank}", "{}")
        code = 0
    except BaseException as error:
        _tell(f"rank {rank}: {type(error).__name__}: {error}"[:_LONGEST])
    os._exit(code)


def _device(options: argparse.Namespace) -> tuple[str, str]:
    if options.cpu or not torch.cuda.is_available():
        return "cpu", ""
    place = _number("LOCAL_RANK", "SLURM_LOCALID") % torch.cuda.device_count()
    torch.cuda.set_device(place)
    return f"cuda:{place}", str(torch.cuda.get_device_name(place))


def _obey(store: Any, own: Rank, connect: Callable[[], Any]) -> None:
    """Carry out orders until the last; `connect` gives the exchanges a store of their own."""
    number, theirs = 0, connect()
    while True:
        number += 1
        key = f"order/{number}"
        store.wait([key], _AHEAD)
        order = json.loads(store.get(key))
        if order["kind"] == "end":
            return
        groups = order["pairs"] if order["kind"] == "pairs" else order["groups"]
        group = next((some for some in groups if own.rank in some), None)
        if group is None:
            continue
        apart = dist.PrefixStore(f"group/{number}/{group[0]}", theirs)
        found = _exchanged(own, apart, order, group)
        if found is None:
            found, theirs = {"error": f"not over after {2 * own.deadline:g} s"}, connect()
        store.set(f"done/{number}/{own.rank}", json.dumps(found))


def _exchanged(own: Rank, store: Any, order: dict[str, Any], group: list[int]) -> dict[str, Any] | None:
    """Return what an exchange gives; None where it is not over in time, as where packets vanish while gloo connects.

    It is then left behind in its thread: the rank itself is not what hangs.
    """
    found: list[dict[str, Any]] = []

    def exchange() -> None:
        try:
            found.append(
                own.pair(store, *group) if order["kind"] == "pairs" else own.total(store, group, order["turn"])
            )
        except Exception as error:
            found.append({"error": _words(error)})

    thread = threading.Thread(target=exchange, daemon=True)
    thread.start()
    thread.join(2 * own.deadline)
    return found[0] if found else None


def _words(error: Exception) -> str:
    """Return the first line of what an exception says, without the place in gloo's source."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    place, _, rest = first.partition("] ")
    return (rest if place.startswith("[") and rest else first)[:_LONGEST]


def _guard(store: Any, rank: int, child: int, most: float = _AHEAD.total_seconds()) -> None:
    """Show a sign of life until the rank has ended or the store is gone; say so where it ended by itself."""
    beats, end = 0, time.monotonic() + most
    with contextlib.suppress(Exception):  # the conductor has left, and the store with it
        while time.monotonic() < end:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                if code:
                    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
                    store.set(f"gone/{rank}", f"its process ended ({name})")
                return
            beats += 1
            store.set(f"beat/{rank}", str(beats))
            if store.check(["over"]):
                break
            time.sleep(_BEAT)
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _tell(text: str) -> None:
    """Say on stderr how far it is."""
    sys.stderr.write(f"links: {text}\n")
    sys.stderr.flush()


def _conduct(store: Any, child: int, world: int, options: argparse.Namespace) -> int:
    own = _store(options.meet)
    threading.Thread(target=_guard, args=(own, 0, child), daemon=True).start()
    leader = Conductor(store, world, options.deadline, _tell)
    leader.meet(options.meet)
    done, planned = leader.measure(options.rounds)
    leader.end()
    store.set("over", "")
    devices = {one["device"].partition(":")[0] for one in leader.ranks}
    record = {
        "links": 1, "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "torch": str(torch.__version__),
        "backend": "nccl" if "cuda" in devices else "gloo", "size": int(options.size * (1 << 20)),
        "deadline": options.deadline, "world": world, "rounds": done, "of_rounds": planned, "ranks": leader.ranks,
        "gone": [leader.gone[rank] for rank in sorted(leader.gone)], "pairs": leader.pairs, "totals": leader.totals,
    }  # fmt: skip
    part = options.out.with_name(f"{options.out.name}.part")
    part.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    part.replace(options.out)
    time.sleep(2 * _BEAT)  # the other guards see that it is over before the store ends with this process
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
