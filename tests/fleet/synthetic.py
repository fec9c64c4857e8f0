"""Fleets that are written, not read: sound ones, with what differs between sound hosts, and planted outliers."""

from __future__ import annotations

import functools
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.doctor.healthy_hosts import healthy

Parts = dict[str, Any]
"""``machine``, ``report`` and ``proof`` of one host, as JSON has them; ``raw`` replaces the document."""
NOW = "2026-11-30T12:00:00Z"
EXACT, LEARNED = "a3" * 32, "5c" * 32
RATE = 41_000.0
NOISE = 0.006


class Planted(NamedTuple):
    """A fault: what it does to a host, and what the judgement has to say of it (a part of a reason)."""

    name: str
    plant: Callable[[Parts, random.Random], None]
    kind: str
    said: str


@functools.cache
def base() -> bytes:
    """Return a public host with eight H100, as JSON; what its dump did not show is filled in."""
    made = msgspec.to_builtins(healthy("hgx-h100", Path(tempfile.mkdtemp())).machine)
    system = made["system"]
    system["infiniband"] = [[f"mlx5_{port}/1", "ACTIVE"] for port in range(8)]
    system["environment"] = {"NCCL_DEBUG": "WARN"}
    system["limits"]["locked_memory"] = -1
    system["kernel"]["command_line"] = "iommu=pt"
    made["driver"]["parameters"] = [["NVreg_EnableStreamMemOPs", "1"]]
    made["distributions"] = [
        {"name": name, "version": version, "location": "/opt/venv/lib/python3.12/site-packages"}
        for name, version in (("torch", "2.13.0"), ("numpy", "2.4.6"), ("nvidia-cudnn-cu12", "9.13.0.50"))
    ] + [{"name": f"package-{i}", "version": f"1.{i}", "location": "/opt/venv/lib"} for i in range(60)]
    for card in made["pci"]:
        card["acs"], card["iommu"] = False, "identity"
    for number, gpu in enumerate(made["gpus"]):
        gpu["index"] = number
        gpu["nvlinks"] = [True] * 18
        gpu["nvlink_speeds"] = [26562] * 18
        gpu["peers"] = [{"index": other, "level": 20, "p2p_read": 0} for other in range(8) if other != number]
        gpu["fabric_summary"] = 1
        gpu["inforom_valid"] = True
    return msgspec.json.encode(made)


def report(host: str, at: str, more: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return a report with a warning that everybody has, and `more` findings."""
    usual = {"rule": "SET004", "slug": "x", "state": "warning", "subject": "this machine", "summary": "a small limit"}
    blind = {"rule": "SEC001", "slug": "y", "state": "unknown", "subject": "this machine", "summary": "no permission"}
    return {"version": 1, "verdict": "problems", "at": at, "host": host, "gpusetup": "0.1.0", "machine": "an HGX H100",
            "findings": [*more, usual, blind]}  # fmt: skip


def _verdict(check: str, card: int, kind: str, state: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "check": check,
        "framework": "pytorch",
        "device": f"cuda:{card}",
        "precision": "float32",
        "seed": 0,
        "state": state,
        "summary": "as they should be" if state == "passed" else "other bits",
    }


def proof(draw: random.Random, rate: float = RATE, noise: float = NOISE) -> dict[str, Any]:
    """Return a proof of two checks on eight GPUs."""
    environment = {"torch": "2.13.0+cu130", "gpu": "NVIDIA H100 80GB HBM3", "driver": "565.57.01", "threads": "1",
                   "processor": "Xeon"} | {f"torch.backends.switch_{i}": "False" for i in range(40)}  # fmt: skip
    runs: list[dict[str, Any]] = []
    for card in range(8):
        speed = rate * draw.lognormvariate(0, noise)
        for seed, check, bits in ((0, "exact", EXACT), (0, "gru", LEARNED), (1, "gru", LEARNED[::-1])):
            job = {"check": check, "framework": "pytorch", "device": f"cuda:{card}", "seed": seed, "round": 1,
                   "profile": "quick", "threads": 1}  # fmt: skip
            measures = {"seconds": 5.0} | ({"names per second": float(f"{speed:.6g}")} if check == "gru" else {})
            runs.append({"job": job, "outcome": "finished", "seconds": 5.0, "result": {
                "environment": "e1", "layout": "l1", "fingerprint": bits, "measures": measures}})  # fmt: skip
    verdicts = [_verdict(check, card, "parity", "passed") for check in ("exact", "gru") for card in range(8)]
    return {"version": 2, "gpusetup": "0.1.0", "made_at": NOW, "profile": "quick", "seconds": 60.0,
            "checks": {"exact": "version 3, a", "gru": "version 2, b"}, "environments": {"e1": environment},
            "layouts": {}, "runs": runs, "verdicts": verdicts, "unproven": []}  # fmt: skip


def sound(number: int, draw: random.Random, *, proofs: bool = True) -> Parts:
    """Return a sound host: what is its own (serial numbers, temperatures, loads, clocks) differs from all others."""
    machine = msgspec.json.decode(base())
    machine["read_at"] = f"2026-11-30T{draw.randint(9, 11):02d}:{draw.randint(0, 59):02d}:00Z"
    system = machine["system"]
    system["memory_bytes"] += draw.randint(-(40 << 20), 40 << 20)
    system["uptime"] = draw.uniform(1e4, 1e7)
    for card, gpu in enumerate(machine["gpus"]):
        gpu["uuid"] = f"GPU-{number:08x}-0000-0000-0000-{card:012x}"
        gpu["temperature"] = draw.randint(28, 71)
        gpu["power"] = draw.uniform(70, 690)
        gpu["clock_sm"] = draw.choice([345, 1410, 1755, 1980])
        gpu["memory_used"] = draw.randint(0, 70 << 30)
        gpu["pcie_replays"] = draw.choice([0, 0, 0, 3, 12])
        gpu["ecc_corrected"] = draw.choice([0, 0, 1])
        gpu["throttle_reasons"] = draw.choice([0, 1, 4])  # none, idle, power cap
        gpu["fan"] = draw.randint(20, 80)
    parts: Parts = {"machine": machine, "report": report(name(number), machine["read_at"])}
    return parts | ({"proof": proof(draw)} if proofs else {})


def name(number: int) -> str:
    return f"node{number:05d}"


def write(folder: Path, hosts: Mapping[str, Parts]) -> None:
    """Write the hosts as a collector does: a folder for each."""
    for host, parts in hosts.items():
        (folder / host).mkdir(parents=True)
        for kind, value in parts.items():
            raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
            (folder / host / f"{kind}.json").write_bytes(raw)


def lines(hosts: Mapping[str, Parts]) -> Iterator[bytes]:
    """Yield the hosts as a stream has them."""
    for host, parts in hosts.items():
        yield msgspec.json.encode({"host": host, **parts}) + b"\n"


def _system(path: str, value: Any) -> Callable[[Parts, random.Random], None]:
    def plant(parts: Parts, _draw: random.Random) -> None:
        place: Any = parts["machine"]
        *folders, last = path.split(".")
        for one in folders:
            place = place[one]
        place[last] = value

    return plant


def _gpu(field: str, value: Any) -> Callable[[Parts, random.Random], None]:
    def plant(parts: Parts, draw: random.Random) -> None:
        draw.choice(parts["machine"]["gpus"])[field] = value

    return plant


def _all_gpus(field: str, value: Any) -> Callable[[Parts, random.Random], None]:
    def plant(parts: Parts, _draw: random.Random) -> None:
        for gpu in parts["machine"]["gpus"]:
            gpu[field] = value

    return plant


def _driver(parts: Parts, _draw: random.Random) -> None:
    for part in ("nvml", "nvml_library", "kernel_module", "user_library"):
        parts["machine"]["driver"][part] = "560.35.03"
    for gpu in parts["machine"]["gpus"]:
        gpu["gsp_firmware"] = "560.35.03"


def _lost_card(parts: Parts, draw: random.Random) -> None:
    number = draw.randrange(8)
    del parts["machine"]["gpus"][number]
    del parts["machine"]["pci"][number]
    for gpu in parts["machine"]["gpus"]:
        gpu["peers"] = [peer for peer in gpu["peers"] if peer["index"] != number]


def _silent_card(parts: Parts, draw: random.Random) -> None:
    del parts["machine"]["gpus"][draw.randrange(8)]


def _wheel(package: str, version: str | None) -> Callable[[Parts, random.Random], None]:
    def plant(parts: Parts, _draw: random.Random) -> None:
        kept = [one for one in parts["machine"]["distributions"] if one["name"] != package]
        if version is not None:
            kept.append({"name": package, "version": version, "location": "/opt/venv/lib"})
        parts["machine"]["distributions"] = kept

    return plant


def _link_down(parts: Parts, draw: random.Random) -> None:
    draw.choice(parts["machine"]["gpus"])["nvlinks"] = [True] * 17 + [False]


def _no_peers(parts: Parts, draw: random.Random) -> None:
    draw.choice(parts["machine"]["gpus"])["peers"][0]["p2p_read"] = 3


def _acs(parts: Parts, _draw: random.Random) -> None:
    for card in parts["machine"]["pci"]:
        card["acs"] = True


def _iommu(parts: Parts, _draw: random.Random) -> None:
    for card in parts["machine"]["pci"]:
        card["iommu"] = "DMA-FQ"


def _port_down(parts: Parts, draw: random.Random) -> None:
    draw.choice(parts["machine"]["system"]["infiniband"])[1] = "DOWN"


def _service(parts: Parts, _draw: random.Random) -> None:
    parts["machine"]["system"]["services"] = [
        one | ({"running": False} if one["name"] == "nvidia-fabricmanager" else {})
        for one in parts["machine"]["system"]["services"]
    ]


def _finding(parts: Parts, _draw: random.Random) -> None:
    error = {"rule": "MSG001", "slug": "xid", "state": "error", "subject": "GPU 2", "summary": "Xid 79: off the bus"}
    parts["report"] = report("", parts["machine"]["read_at"], [error])


def _bits(parts: Parts, draw: random.Random) -> None:
    runs = [run for run in parts["proof"]["runs"] if run["job"]["check"] == "gru"]
    draw.choice(runs)["result"]["fingerprint"] = f"{draw.getrandbits(256):064x}"


def _exact(parts: Parts, draw: random.Random) -> None:
    parts["proof"]["verdicts"].append(_verdict("exact", draw.randrange(8), "published", "failed"))


def _slow(parts: Parts, draw: random.Random) -> None:
    card = draw.randrange(8)
    for run in parts["proof"]["runs"]:
        if run["job"]["device"] == f"cuda:{card}" and run["job"]["check"] == "gru":
            run["result"]["measures"]["names per second"] *= 0.7


def _ahead(parts: Parts, _draw: random.Random) -> None:
    parts["machine"]["read_at"] = parts["report"]["at"] = "2027-03-01T00:00:00Z"


def _garbage(parts: Parts, draw: random.Random) -> None:
    parts["machine"] = msgspec.json.encode(parts["machine"])[: draw.randint(1, 2000)]


PLANTED = (
    Planted("another driver", _driver, "difference", "driver 560.35.03"),
    Planted("another driver library", _system("driver.user_library", "560.35.03"), "difference", "driver library"),
    Planted("the proprietary module", _system("driver.module_license", "NVIDIA"), "difference", "licence of"),
    Planted("a driver parameter", _system("driver.parameters", [["NVreg_EnableStreamMemOPs", "0"]]), "difference",
            "driver parameter NVreg_EnableStreamMemOPs 0"),
    Planted("a lost card", _lost_card, "difference", "GPUs on the PCI bus 7"),
    Planted("a silent card", _silent_card, "difference", "number of GPUs 7"),
    Planted("an InfiniBand port down", _port_down, "difference", "active InfiniBand ports 7"),
    Planted("ACS on", _acs, "difference", "ACS redirects 8"),
    Planted("an IOMMU that translates", _iommu, "difference", "IOMMU mode of the GPUs DMA-FQ"),
    Planted("no fabric yet", _gpu("fabric", [2, 0]), "difference", "NVLink fabric 2, 0"),
    Planted("another kernel", _system("system.kernel.release", "6.5.0-1-generic"), "difference", "kernel 6.5.0"),
    Planted("a kernel argument", _system("system.kernel.command_line", "iommu=on"), "difference", "kernel arguments"),
    Planted("another processor", _system("system.cpu", "AMD EPYC 9654"), "difference", "processor AMD"),
    Planted("half the memory", _system("system.memory_bytes", 1 << 40), "difference", "memory of the host 1024"),
    Planted("a governor that saves power", _system("system.governor", "powersave"), "difference", "governor powersave"),
    Planted("a slow clock source", _system("system.clocksource", "hpet"), "difference", "clock source hpet"),
    Planted("little locked memory", _system("system.limits.locked_memory", 65536), "difference", "locked memory 65536"),
    Planted("a small /dev/shm", _system("system.limits.shared_memory", 64 << 20), "difference", "/dev/shm 0.1"),
    Planted("no fabric manager", _service, "difference", "service nvidia-fabricmanager not running"),
    Planted("a variable", _system("system.environment", {"NCCL_DEBUG": "WARN", "NCCL_IB_DISABLE": "1"}), "difference",
            "variable NCCL_IB_DISABLE 1"),
    Planted("another torch", _wheel("torch", "2.12.1"), "difference", "wheel torch 2.12.1"),
    Planted("a missing wheel", _wheel("numpy", None), "difference", "wheel numpy none"),
    Planted("another VBIOS", _gpu("vbios", "96.00.5E.00.01"), "difference", "VBIOS 96.00.5E"),
    Planted("another GSP firmware", _gpu("gsp_firmware", "550.54.15"), "difference", "GSP firmware 550"),
    Planted("less memory", _gpu("memory_total", 79 << 30), "difference", "memory 80896 MiB"),
    Planted("a smaller BAR1", _gpu("bar1_total", 256 << 20), "difference", "BAR1 256 MiB"),
    Planted("ECC off", _gpu("ecc", False), "difference", "ECC off"),
    Planted("MIG on", _gpu("mig", True), "difference", "MIG on"),
    Planted("no persistence", _all_gpus("persistence", False), "difference", "persistence mode off"),
    Planted("exclusive compute mode", _gpu("compute_mode", 3), "difference", "compute mode 3"),
    Planted("a lower power limit", _gpu("power_limit", 500.0), "difference", "power limit 500 W"),
    Planted("a lower clock", _gpu("application_clock", [1410, 1980]), "difference", "application clock 1410"),
    Planted("half the lanes", _gpu("pcie_width", [8, 16]), "difference", "PCIe lanes 8"),
    Planted("a lower generation", _gpu("pcie_gen", [4, 4]), "difference", "PCIe generation 4"),
    Planted("an NVLink down", _link_down, "difference", "active NVLinks 17 of 18"),
    Planted("no peer access", _no_peers, "difference", "peer access 1 × not supported here"),
    Planted("memory errors", _gpu("ecc_volatile", 2), "difference", "since the driver was loaded 2"),
    Planted("a hot card", _gpu("throttle_reasons", 0x40), "difference", "hardware thermal"),
    Planted("rows to remap", _gpu("remapped_rows", [0, 1, True, False]), "difference", "row remapping 1 for"),
    Planted("an Xid", _finding, "finding", "Xid 79"),
    Planted("other bits", _bits, "bits", "other bits on cuda:"),
    Planted("wrong exact bits", _exact, "proof", "the self-test failed: exact"),
    Planted("a slow card", _slow, "speed", "is slow"),
    Planted("a clock ahead", _ahead, "clock", "ahead of this machine's"),
    Planted("half a file", _garbage, "unreadable", "could not be read"),
)  # fmt: skip
NEED_PROOF = ("other bits", "wrong exact bits", "a slow card")
