"""Compares rows with sources that they do not cite, and prints the result as the table in the docs.

    python -m tools.check_sources           prints it
    python -m tools.check_sources --write   writes it into docs/evidence/facts-cross-check.md

Data from the other sources are in tools/cross_check/*.toml. A row that cites the source it would be compared with is
counted separately, since that would be circular. Disagreements are listed in settled.toml with their resolution.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gpusetup.facts import Facts, facts
from gpusetup.facts.find import arch_of, chip_by_pci_id, gpus_by_pci_id
from gpusetup.facts.model.fact import Fact
from gpusetup.facts.names import EQUIPMENT, words
from gpusetup.versions import dotted, pep440, specifier

FOLDER = Path(__file__).with_name("cross_check")
PAGE = FOLDER.parents[1] / "docs" / "evidence" / "facts-cross-check.md"
FIRST, LAST = "<!-- check_sources -->\n", "\n<!-- /check_sources -->"
"""The marks between which the result stands in the page."""
ROUNDED = 0.02


class Claim(NamedTuple):
    """The value of one field in another source, and in the row."""

    row: Fact
    field: str
    theirs: str
    ours: str
    source: str

    @property
    def circular(self) -> bool:
        """Whether the row cites the same file, at any commit."""
        return _file(self.source) in map(_file, self.row.source)


def pci_names(tables: Facts) -> Iterator[Claim]:
    """Let NVIDIA's driver name the GPU of each PCI id; it does not distinguish laptops, memory and cooling."""
    source = _read("pci_names")["source"]
    for pci_id, called in names().items():
        for gpu in gpus_by_pci_id(tables, pci_id):
            same = any(_bare(name) <= _bare(gpu.name) or _bare(gpu.name) <= _bare(name) for name in called)
            yield Claim(gpu, f"pci_ids {pci_id}", gpu.name if same else ", ".join(called), gpu.name, source)


def chips(tables: Facts) -> Iterator[Claim]:
    """Let two lists of PCI ids say what the open kernel modules drive; the chip's architecture says it too."""
    without = _read("no_open_modules")
    said = [(pci_id, True, _read("pci_names")["source"]) for pci_id in names()]
    said += [(pci_id, False, without["source"]) for pci_id in without["ids"]]
    for pci_id, driven, source in said:
        chip = chip_by_pci_id(tables, pci_id)
        arch = arch_of(tables, chip.cc) if chip else None
        if chip is not None and arch is not None:
            yield Claim(chip, f"open modules for {pci_id}", _yes(driven), _yes("open" in arch.kernel_modules), source)


def no_open_modules(tables: Facts) -> Iterator[Claim]:
    """Let RPM Fusion's list say which of our boards need the proprietary modules: it should miss none."""
    document = _read("no_open_modules")
    for gpu in tables.gpu:
        arch = arch_of(tables, gpu.cc)
        if arch is None or arch.last_driver_branch in {"470", "390"}:  # the list is about what driver 580 drives
            continue
        for pci_id in gpu.pci_ids:
            theirs, ours = pci_id not in document["ids"], "open" in arch.kernel_modules
            yield Claim(gpu, f"open modules for {pci_id}", _yes(theirs), _yes(ours), document["source"])


def pythons(tables: Facts) -> Iterator[Claim]:
    """Let Spack give the lowest and highest Python of each release."""
    for package in _read("pythons")["packages"]:
        for row in getattr(tables, package["table"]):
            for span in package["ranges"]:
                if pep440(row.release) in specifier(span["releases"]):
                    ours = sorted(row.python, key=dotted)
                    if "lowest" in span:
                        yield Claim(row, "lowest Python", span["lowest"], ours[0], package["source"])
                    yield Claim(row, "highest Python", span["highest"], ours[-1], package["source"])


def architectures(tables: Facts) -> Iterator[Claim]:
    """Let Spack give the first and last CUDA series of each compute capability."""
    document = _read("architectures")
    for capability, (first, last) in document["series"].items():
        arch = arch_of(tables, capability)
        if arch is not None:
            yield Claim(arch, f"first CUDA of {capability}", first, arch.cuda_first, document["source"])
            yield Claim(arch, f"last CUDA of {capability}", last, arch.cuda_last, document["source"])


def compiled(tables: Facts) -> Iterator[Claim]:
    """Let PyTorch's build script say what its wheels are compiled for."""
    document = _read("compiled")
    for build in tables.torch_build:
        theirs = document["capabilities"].get(build.variant)
        ours = all(pep440(release) in specifier(document["releases"]) for release in build.releases)
        if theirs and ours and build.machine == "x86_64":
            yield Claim(build, "cc", ", ".join(theirs), ", ".join(build.cc), document["source"])


def peaks(tables: Facts) -> Iterator[Claim]:
    """Let tables of other projects say what cards can do; they round, so figures within 2 % are the same."""
    rows = {row.id: row for row in tables.peak}
    for one in _read("peaks")["list"]:
        for name, figures in one["figures"].items():
            for field, theirs in figures.items():
                ours = getattr(rows[name], field)
                same = abs(theirs - ours) <= ROUNDED * ours
                yield Claim(rows[name], field, f"{ours:g}" if same else f"{theirs:g}", f"{ours:g}", one["source"])


CHECKS = (pci_names, chips, no_open_modules, pythons, architectures, compiled, peaks)


def names() -> dict[str, list[str]]:
    """Return what NVIDIA's driver calls the GPUs of a PCI id."""
    found: dict[str, list[str]] = _read("pci_names")["names"]
    return found


def settled() -> dict[tuple[str, str], str]:
    """Return the disagreements that were looked into: (row, field) → what was decided."""
    return {(one["row"], one["field"]): one["decided"] for one in _read("settled")["settled"]}


def report(tables: Facts) -> str:
    """Return the result as Markdown: one line per check, then each disagreement."""
    lines = ["| held against | fields | agree | disagree | circular, not counted |", "|---|---:|---:|---:|---:|"]
    disagreements: list[Claim] = []
    for check in CHECKS:
        claims = list(check(tables))
        judged = [claim for claim in claims if not claim.circular]
        wrong = [claim for claim in judged if claim.theirs != claim.ours]
        counts = (len(judged), len(judged) - len(wrong), len(wrong), len(claims) - len(judged))
        sources = "; ".join(dict.fromkeys(claim.source for claim in claims))
        lines.append(f"| {sources} | {' | '.join(map(str, counts))} |")
        disagreements += wrong
    lines += ["", "| row | field | they say | we say | decided |", "|---|---|---|---|---|"]
    decided = settled()
    for one in disagreements:
        verdict = decided.get((one.row.id, one.field), "**open**")
        lines.append(f"| {one.row.id} | {one.field} | {one.theirs or 'none'} | {one.ours or 'none'} | {verdict} |")
    return "\n".join(lines)


def _file(source: str) -> str:
    return re.split(r" [@(]", source)[0]


def _bare(name: str) -> frozenset[str]:
    return frozenset(word for word in words(name) if word != "laptop" and not re.fullmatch(EQUIPMENT, word))


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def main() -> int:
    """Print the result, or write it between the marks in its page."""
    found = report(facts())
    if sys.argv[1:] != ["--write"]:
        print(found)
        return 0
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(FIRST)
    PAGE.write_text(f"{before}{FIRST}{found}{LAST}{rest.partition(LAST)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
