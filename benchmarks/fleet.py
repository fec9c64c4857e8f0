"""Fleets: how long and how much memory the comparison takes, planted outliers, and sound fleets that are not accused.

    python benchmarks/fleet.py speed 1000 10000       # hosts; each in a process of its own, machine + report + proof
    python benchmarks/fleet.py stream 100000          # the same as one stream, written by another process meanwhile
    python benchmarks/fleet.py planted 1000 1 3 50    # hosts, and on how many of them each kind of fault is
    python benchmarks/fleet.py sound 1000             # fleets of 2 to 200 hosts with different noise
    python benchmarks/fleet.py rate 20000             # simulated fleets per size and noise: false alarms

Without arguments all of them, smaller. Documents are written beforehand; that is not measured.
"""

from __future__ import annotations

import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the synthetic fleets live beside the tests

from gpusetup.fleet.gather import gather
from gpusetup.fleet.judge import judge
from gpusetup.fleet.model import Fleet
from gpusetup.fleet.outliers import ALARM_RATE, limits, reach
from tests.fleet.synthetic import NOW, PLANTED, name, proof, report, sound

AT = datetime.fromisoformat(NOW).astimezone(UTC)
NOISES: dict[str, Callable[[random.Random], float]] = {
    "exponential tails": lambda draw: math.exp(0.01 * draw.expovariate(1) * draw.choice((-1, 1))),
    "normal 0.5 %": lambda draw: math.exp(draw.gauss(0, 0.005)),
    "normal 3 %": lambda draw: math.exp(draw.gauss(0, 0.03)),
    "slow tail 2 %": lambda draw: math.exp(-0.02 * draw.expovariate(1)),
    "fast tail 2 %": lambda draw: math.exp(0.02 * draw.expovariate(1)),
    "gamma, shape 4": lambda draw: 1 / draw.gammavariate(4, 0.25),
    "uniform ± 3 %": lambda draw: draw.uniform(0.97, 1.03),
    "rounded to 2 %": lambda draw: round(math.exp(draw.gauss(0, 0.015)) * 50) / 50,
    "two steps, 10 % 3 % slower": lambda draw: draw.choice([1.0] * 9 + [0.97]) * math.exp(draw.gauss(0, 0.004)),
}


def speed(*counts: str) -> None:
    for count in counts or ("1000",):
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), int(count))
            print(subprocess.run([sys.executable, __file__, "_measured", folder], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout, end="")  # fmt: skip


def stream(*counts: str) -> None:
    """Compare hosts that come as lines; they repeat after 200 but for their names and serial numbers."""
    for count in counts or ("10000",):
        with subprocess.Popen([sys.executable, __file__, "_lines", count], stdout=subprocess.PIPE) as writer:
            subprocess.run([sys.executable, __file__, "_measured", "-"], check=True, stdin=writer.stdout)


def _lines(count: str) -> None:
    draw = random.Random(1)
    some = [
        msgspec.json.encode(sound(number, draw) | {"report": report("", "2026-11-30T10:00:00Z")}).removeprefix(b"{")
        for number in range(min(int(count), 200))
    ]
    for number in range(int(count)):
        first = number % len(some)
        own = some[first].replace(f"GPU-{first:08x}".encode(), f"GPU-{number:08x}".encode())
        sys.stdout.buffer.write(b'{"host":"%b",%b\n' % (name(number).encode(), own))


def _measured(folder: str) -> None:
    """Compare what is in a folder as the command does, which looks for no garbage either."""
    import gc

    gc.disable()
    begun, clock = time.perf_counter(), time.process_time()
    found = judge(gather([Path(folder)]), AT)
    wall, used = time.perf_counter() - begun, time.process_time() - clock
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes = [path.stat().st_size for path in Path(folder).glob("*/*.json")]
    size = f"{sum(sizes) / 1e6:,.0f} MB" if sizes else "a stream"
    print(f"{len(found.hosts):>7,} hosts, {size}: {used:.2f} s of processor time, {wall:.2f} s by the clock, "
          f"{most:,.0f} MiB, {Counter(one.state for one in found.hosts)}")  # fmt: skip


def _write(folder: Path, count: int) -> None:
    """Write sound hosts; machines repeat after 200 but for their serial numbers, so that writing takes less."""
    draw = random.Random(1)
    some = [msgspec.json.encode(sound(number, draw, proofs=False)["machine"]) for number in range(min(count, 200))]
    for number in range(count):
        place = folder / name(number)
        place.mkdir()
        first = number % len(some)
        own = some[first].replace(f"GPU-{first:08x}".encode(), f"GPU-{number:08x}".encode())
        (place / "machine.json").write_bytes(own)
        (place / "report.json").write_bytes(msgspec.json.encode(report(place.name, "2026-11-30T10:00:00Z")))
        (place / "proof.json").write_bytes(msgspec.json.encode(proof(draw)))


def planted(count: str = "300", *times: str) -> None:
    for many in map(int, times or ("1",)):
        kinds = [PLANTED[first : first + 15] for first in range(0, len(PLANTED), 15)]  # so that sound hosts are left
        missed: list[str] = []
        accused = 0
        for some in kinds if many > 5 else [PLANTED]:
            lost, wrong = _planted(int(count), many, some)
            missed += lost
            accused += wrong
        print(f"{len(PLANTED)} kinds on {many} of {count} hosts each: {len(PLANTED) * many - len(missed)} of "
              f"{len(PLANTED) * many} named; {accused} others accused", *missed[:5], flush=True)  # fmt: skip


def _planted(count: int, many: int, kinds: Sequence[object]) -> tuple[list[str], int]:
    draw = random.Random(2)
    numbers = list(range(count))
    draw.shuffle(numbers)
    where = {numbers.pop(): fault for fault in PLANTED if fault in kinds for _ in range(many)}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            parts = sound(number, draw)
            if number in where:
                where[number].plant(parts, draw)
            place = Path(folder) / name(number)
            place.mkdir()
            for kind, value in parts.items():
                (place / f"{kind}.json").write_bytes(value if isinstance(value, bytes) else msgspec.json.encode(value))
        fleet = judge(gather([Path(folder)]), AT)
    by_name = {one.name: one for one in fleet.hosts}
    missed = [
        f"{fault.name} on {name(number)}"
        for number, fault in where.items()
        if not any(one.kind == fault.kind and fault.said in one.text for one in by_name[name(number)].reasons)
    ]
    guilty = {name(number) for number in where}
    return missed, sum(one.state != "ok" for one in fleet.hosts if one.name not in guilty)


def sound_fleets(count: str = "100") -> None:
    """Judge sound fleets of different sizes and noises: whoever is accused is a false alarm."""
    draw, accused, sizes = random.Random(3), 0, Counter[int]()
    for number in range(int(count)):
        size = draw.choice([2, 3, 4, 8, 12, 16, 24, 40, 72] + [200] * (number % 40 == 0))
        sizes[size] += 1
        fleet = _sound(size, draw)
        wrong = [one for one in fleet.hosts if one.state != "ok"]
        if wrong or fleet.differences:
            accused += 1
            print(size, wrong[:1], fleet.differences[:1], flush=True)
    print(f"{accused} of {int(count):,} sound fleets accused ({sum(size * n for size, n in sizes.items()):,} hosts)")


def _sound(size: int, draw: random.Random) -> Fleet:
    noise = draw.choice([0.002, 0.006, 0.02])
    with tempfile.TemporaryDirectory() as folder:
        stream = Path(folder) / "hosts.jsonl"
        with stream.open("wb") as file:
            for number in range(size):
                parts = sound(number, draw, proofs=False) | {"proof": proof(draw, noise=noise)}
                file.write(msgspec.json.encode({"host": name(number), **parts}) + b"\n")
        return judge(gather([stream]), AT)


def rate(count: str = "2000") -> None:
    """Simulate the rates of sound fleets; at the rate of the product, and at one that can be counted."""
    for title, noise in NOISES.items():
        words = []
        for size in (8, 16, 32, 72, 200):
            draw = random.Random(f"{title} {size}")
            alarms = Counter[float]()
            said = 0
            for _ in range(int(count)):
                figures = [noise(draw) for _ in range(size)]
                for allowed in (0.02, ALARM_RATE / 2):
                    found = limits(figures, allowed)
                    said += allowed == 0.02 and found.low is not None
                    alarms[allowed] += found.low is not None and min(figures) < found.low
            shares = "/".join(f"{100 * alarms[one] / int(count):.2g}" for one in (0.02, ALARM_RATE / 2))
            words.append(f"{size}: {shares} % ({100 * said / int(count):.0f} % said)")
        print(f"{title:28} slow side, allowed 2/0.05 %; {'; '.join(words)}", flush=True)
    sizes = (8, 16, 32, 72, 200, 1000, 10_000)
    reaches = ", ".join(f"{size}: {reach(size, ALARM_RATE / 2):.0f}" for size in sizes)
    print(f"reach in quartile distances at 1 in 2,000 a side: {reaches}")


def main() -> None:
    commands: dict[str, Callable[..., None]] = {
        "speed": speed, "planted": planted, "sound": sound_fleets, "rate": rate, "stream": stream,
        "_measured": _measured, "_lines": _lines,
    }  # fmt: skip
    if len(sys.argv) > 1:
        commands[sys.argv[1]](*sys.argv[2:])
        return
    speed("1000")
    planted("300", "1")
    sound_fleets("50")
    rate("1000")


if __name__ == "__main__":
    main()
