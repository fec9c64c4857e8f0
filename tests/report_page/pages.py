"""Results to make pages of: machines that are well, sick, large or empty, and what makes a page difficult to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from gpusetup.doctor.finding import Finding, Remedy, Report
from gpusetup.facts import facts
from gpusetup.fleet.model import Fleet
from gpusetup.machine.model import Machine
from gpusetup.report.page.assemble import About, page
from gpusetup.report.page.diagnosed import diagnosed
from gpusetup.report.page.model import Result
from gpusetup.report.page.sections import sections
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.matrix import every_card, matrix
from gpusetup.resolve.matrix.model import Matrix
from gpusetup.resolve.model import Request, Stack
from gpusetup.resolve.pins import FRAMEWORKS
from gpusetup.selftest.proof import Proof
from gpusetup.value import load
from tests.doctor.machines import machine
from tests.report_page import proofs
from tests.report_page.strangers import strangers
from tests.support import ROOT

ABOUT = About("A page", "2026-11-30 12:00 UTC", "0.1.0", True, ("machine.json",))
DAY = date(2026, 11, 30)
_LOST = (
    "[    4.100000] nvidia 0000:01:00.0: enabling device (0000 -> 0003)",
    "[ 5123.000002] nvidia 0000:01:00.0: PCIe Bus Error: severity=Correctable, type=Data Link Layer, (Transmitter ID)",
    "[ 5999.000002] nvidia 0000:01:00.0: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Transaction Layer",
    "[ 6000.000001] NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
)
_LONG = "A-very-long-name-without-any-space-" * 8
_ARABIC = "بطاقة الرسوميات لا تعمل لأن وحدة النواة غير موقعة"


def html(*values: object) -> str:
    """Return the page of results."""
    return page(sections(list(diagnosed([Result(f"file-{n}.json", one) for n, one in enumerate(values)]))), ABOUT)


def plan() -> Stack:
    """Return the plan for a card of today."""
    found = attempt(Request(cards=named(facts(), ["RTX 4090"], ()), release="44"), facts(), DAY)
    assert isinstance(found, Stack)
    return found


def cards() -> Matrix:
    """Return the compatibility matrix of every card."""
    return matrix(facts(), Request(cards=every_card(facts()), frameworks=FRAMEWORKS), DAY)


def lost() -> Machine:
    """Return a machine whose card has fallen off the bus."""
    return machine("desktop", {"system": {"kernel": {"log!": list(_LOST)}}})


def many(count: int) -> Machine:
    """Return a machine with `count` GPUs, of which a few are not like the others."""
    saved = json.loads(msgspec.json.encode(machine("h100_server")))
    gpus, cards = saved["gpus"], saved["pci"]
    address = [f"{n // 8:04x}:{n % 8 + 16:02x}:00.0" for n in range(count)]
    saved["gpus"] = [gpus[n % 8] | _of(n, address[n]) for n in range(count)]
    saved["pci"] = [cards[n % len(cards)] | {"address": address[n]} for n in range(count)]
    return msgspec.convert(saved, Machine)


def _of(number: int, address: str) -> dict[str, Any]:
    odd: dict[int, dict[str, Any]] = {
        5: {"temperature": 103},
        7: {"pcie_width": [8, 16]},
        41: {"temperature": 103},
        60: {"ecc_volatile": 3},
    }
    uuid = f"GPU-{number:08x}-0000-0000-0000-000000000000"
    return {"index": number, "minor": number, "uuid": uuid, "pci_address": address, **odd.get(number, {})}


def failing() -> Report:
    """Return a report in which every rule has found something, in words of any length and direction."""
    texts = (_LONG, _ARABIC, "short", " ".join(["many words"] * 60))
    states = ("error", "warning", "unknown", "info")
    findings = [
        Finding(
            rule=f"XYZ{n:03}", slug="a-slug", state=states[n % 4], subject=f"GPU {n % 8}", summary=texts[n % 4],  # type: ignore[arg-type]
            evidence=texts * (1 + n % 4), source=f"https://example.org/{_LONG}",
            remedy=Remedy(text=texts[(n + 1) % 4], commands=(f"echo {_LONG}", "true")) if n % 3 else None,
        )
        for n in range(120)
    ]  # fmt: skip
    findings += [
        Finding(rule=f"EXP{n:03}", state="skipped", subject="GPU 0", summary=_ARABIC, caused_by=f"XYZ{n:03}")
        for n in range(40)
    ]
    return Report(verdict="problems", at="2026-11-30T10:00:00Z", host=_LONG, gpusetup="0.1.0", machine=_LONG,
                  findings=tuple(findings))  # fmt: skip


def nothing() -> Report:
    """Return a report without anything in it."""
    return Report(gpusetup="0.1.0", machine="", findings=())


def fleet() -> Fleet:
    """Return a saved fleet of 24 hosts, of which a few are not like the others."""
    return msgspec.json.decode((ROOT / "tests/samples/fleet.json").read_bytes(), type=Fleet)


PAGES: dict[str, Callable[[], str]] = {
    "a lost card": lambda: html(lost()),
    "8 GPUs": lambda: html(many(8)),
    "72 GPUs": lambda: html(many(72)),
    "everything fails": lambda: html(failing()),
    "no GPU": lambda: html(machine("no_gpu")),
    "nothing": lambda: html(nothing()),
    "no result": html,
    "a saved proof": lambda: html(load(ROOT / "tests/samples/proof.json", Proof)),
    "a proof": lambda: html(proofs.real()),
    "a proof that failed": lambda: html(proofs.wrong()),
    "a plan": lambda: html(plan()),
    "every card": lambda: html(cards()),
    "a fleet": lambda: html(fleet()),
    "a fleet of strangers": lambda: html(strangers(12, _LONG, 9), strangers(2, _ARABIC, 9)),
    "two machines": lambda: html(lost(), msgspec.structs.replace(machine("wsl"), read_at="2026-11-30T11:11:11Z")),
}

DEAR = ("a proof", "every card", "a fleet of strangers")
"""Those that take a quarter of a minute each, of axe or of what they show: `make evidence` looks at them."""


def written(folder: Path, text: str) -> Path:
    """Write a page and return its path."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    return file
