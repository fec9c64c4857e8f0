"""Write docs/evidence/clean-campaigns.md from what was run: ``python -m tools.campaigns_page``.

`benchmarks/selftest_false_alarms.py --keep` adds the row of a run to docs/evidence/clean-campaigns.toml. A person adds
the `note` of a row that has alarms: what each was, and what was done about it. Without it the page is refused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from gpusetup.value import Value

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evidence" / "clean-campaigns.md"
TABLE = PAGE.with_suffix(".toml")
NAMES = {"torch": "PyTorch", "tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX"}
"""The keys of an environment that are versions of frameworks, as a person calls them."""
WANTED = {
    "PyTorch": ("2.13",),
    "TensorFlow": ("2.15", "2.16", "2.17", "2.18", "2.19", "2.20", "2.21"),
    "JAX": ("0.4", "0.5", "0.6", "0.7", "0.10", "0.11"),
    "NumPy": ("1.26", "2.0", "2.3", "2.4"),
}
"""What campaigns have to be of: the releases that the checks support, as far as they can be had for one Python."""
ODDS = 1e-9
"""How often a test of samples accuses a sound generator: `checks/operations/law.py`."""
_HEAD = """# Clean campaigns

What a sound machine must never be told: that it is at fault. A campaign is one seed of the `operations` check in one
setting of threads and processor, quick and in float32 where nothing else is said, by

    python benchmarks/selftest_false_alarms.py --keep --check operations …

which adds a row to `clean-campaigns.toml`; `python -m tools.campaigns_page` writes this page from it. All ran on a CPU
with AVX-512; "AVX2" and "SSE 4" hide wider instructions from PyTorch, oneDNN, MKL, XLA and NumPy. Each alarm was
followed up.

{campaigns} campaigns: {alarms} true of the release, {false} false: a fault of the check, which was corrected. Where
cases were counted ({counted} campaigns), {cases:,} were judged; {samples:,} of them were samples held against their
distribution. Such a test accuses a sound generator once in {odds:,} times at most: all of these together,
{expected:.0e} times. Releases still to be tried: {missing}.

| frameworks | NumPy | threads | processor | profile | precision | campaigns | cases | alarms, and what they were |
|---|---|---|---|---|---|---|---|---|
"""


class Campaigns(Value):
    """What one run of the benchmark tried. `cases` and `samples` are 0 in rows from before they were counted."""

    frameworks: tuple[str, ...]
    """Names with versions: ``PyTorch 2.13.0``."""
    numpy: str
    threads: tuple[int, ...]
    processors: tuple[str, ...]
    campaigns: int
    day: str
    checks: tuple[str, ...] = ("operations",)
    profile: str = "quick"
    precisions: tuple[str, ...] = ("float32",)
    cases: int = 0
    samples: int = 0
    alarms: int = 0
    false: int = 0
    """How many of the alarms were a fault of the check, not of the release."""
    note: str = ""
    """What each alarm was, or what else has to be known."""


class Table(Value):
    """The file."""

    campaign: tuple[Campaigns, ...]


def read_table() -> tuple[Campaigns, ...]:
    """Return the rows in the order in which they were run."""
    return msgspec.toml.decode(TABLE.read_bytes(), type=Table).campaign


def append(row: Campaigns) -> None:
    """Add a row to the file, which keeps its comments."""
    with TABLE.open("a", encoding="utf-8") as stream:
        stream.write("\n" + write_row(row))


def write_row(row: Campaigns) -> str:
    """Return a row as TOML; JSON writes text, numbers and lists of them in the same way."""
    fields = msgspec.to_builtins(row).items()
    return "\n".join(["[[campaign]]", *(f"{name} = {json.dumps(value)}" for name, value in fields), ""])


def name_frameworks(environments: Iterable[dict[str, str]]) -> tuple[tuple[str, ...], str]:
    """Return the frameworks of a proof's environments with their versions, and NumPy's."""
    keys = list(environments)
    found = [f"{name} {key[module]}" for module, name in NAMES.items() for key in keys if module in key]
    return tuple(one.partition("+")[0] for one in dict.fromkeys(found)), ", ".join(
        dict.fromkeys(key["numpy"] for key in keys if "numpy" in key)
    )


def write_page(rows: Sequence[Campaigns]) -> str:
    """Return the page."""
    counted = [row for row in rows if row.cases]
    samples = sum(row.samples for row in rows)
    head = _HEAD.format(
        campaigns=sum(row.campaigns for row in rows),
        alarms=_alarms(sum(row.alarms - row.false for row in rows)),
        false=sum(row.false for row in rows),
        counted=sum(row.campaigns for row in counted),
        cases=sum(row.cases for row in counted),
        samples=samples,
        odds=round(1 / ODDS),
        expected=samples * ODDS,
        missing=", ".join(missing(rows)) or "none",
    )
    return head + "\n".join([*_lines(rows), ""])


def missing(rows: Iterable[Campaigns]) -> list[str]:
    """Return which of `WANTED` no row has."""
    ran = {text for row in rows for text in (*row.frameworks, *(f"NumPy {one}" for one in row.numpy.split(", ")))}
    wanted = [f"{name} {version}" for name, versions in WANTED.items() for version in versions]
    return [one for one in wanted if not any(f"{text}.".startswith(f"{one}.") for text in ran)]


def _lines(rows: Iterable[Campaigns]) -> Iterator[str]:
    for row in rows:
        if row.alarms and not row.note:
            sys.exit(f"{TABLE}: the campaign of {', '.join(row.frameworks)} has {row.alarms} alarms and no note")
        checks = "" if row.checks == ("operations",) else f" ({', '.join(f'`{one}`' for one in row.checks)})"
        cells = [
            ", ".join(row.frameworks) + checks,
            row.numpy,
            ", ".join(map(str, row.threads)),
            ", ".join(row.processors),
            row.profile,
            ", ".join(row.precisions),
            str(row.campaigns),
            f"{row.cases:,}" if row.cases else "",
            f"{_alarms(row.alarms)}{': ' if row.alarms else '; ' if row.note else ''}{row.note}",
        ]
        yield f"| {' | '.join(cells)} |"


def _alarms(count: int) -> str:
    return {0: "none", 1: "1 alarm"}.get(count, f"{count} alarms")


if __name__ == "__main__":
    PAGE.write_text(write_page(read_table()), "utf-8")
