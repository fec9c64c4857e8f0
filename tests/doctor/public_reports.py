"""Public reports with a known cause, replayed: what the doctor says of each, and whether it is right.

``tests/doctor/reports/README.md`` says what a report holds. The judge reads what a user reads (text, exit code, the
summaries of ``--json``) and never a rule's id, so that one judge measures every version of the product.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "reports"
OPEN = "open.toml"
REPLAY = Path(__file__).parent / "replay.py"
WORST = ("error", "warning", "unknown", "info")
ALARMS = ("error", "warning")

Doctor = Callable[..., tuple[int, str]]
"""`gpusetup` with these arguments: its exit code and what it printed."""


class Judgement(NamedTuple):
    """``right``, ``partly``, ``missed``, ``wrong`` or ``refused``; what was said first, and what falls short."""

    verdict: str
    said: str
    short: tuple[str, ...]


def reports(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Return the reports in `folder` by name."""
    return {path.stem: tomllib.loads(path.read_text()) for path in sorted(folder.glob("*.toml")) if path.name != OPEN}


def still_open(folder: Path = FOLDER) -> dict[str, str]:
    """Return the reports that are not right yet, and why."""
    return tomllib.loads((folder / OPEN).read_text())


def replay(cases: Iterable[tuple[dict[str, Any], Path]], checkout: Path, python: str = sys.executable) -> None:
    """Write the machine of each report with `checkout`'s own functions."""
    wanted = json.dumps([(report, str(out)) for report, out in cases])
    path = {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([python, REPLAY], input=wanted, text=True, env=path, cwd=checkout, check=True)


def titles(doctor: Doctor) -> dict[str, str]:
    """Return the title of each rule by its id, as ``doctor --list`` prints them."""
    rows = (line.split(None, 2) for line in doctor("doctor", "--list")[1].splitlines())
    return {row[0]: row[2] for row in rows if len(row) == 3}


def judge(report: dict[str, Any], machine: Path, doctor: Doctor, names: dict[str, str]) -> Judgement:
    """Judge what `doctor` says of the saved `machine`; `names` are the titles of its rules."""
    code, answer = doctor("doctor", "--machine", str(machine), "--json")
    if "}" not in answer:
        # wrong usage, or a machine that this version cannot read: no verdict on the machine, and never "healthy"
        return Judgement("refused", " ".join(answer.split()), (f"no report: exit {code}",))
    found = _found(answer)
    said = [f"{one['summary']} [{names.get(one['rule'], '')}]" for one in found]
    text = doctor("doctor", "--machine", str(machine))[1]
    first = said[0] if said else "healthy"
    short = _wanting(report["first"], first, "said first")
    known = not short
    short += _wanting(report["remedy"], _advice(found[0]) if found else "", "advised first")
    short += [f"does not say {one!r}" for one in report["must"] if not _in(one, text)]
    short += [f"says {one!r}" for one in report["never"] if _in(one, text)]
    short += [f"exit {code}"] if code not in report["exit"] else []
    return Judgement(_verdict(report, found, said, known=known, short=short), first, tuple(short))


def _verdict(
    report: dict[str, Any], found: list[dict[str, Any]], said: list[str], *, known: bool, short: list[str]
) -> str:
    if not short:
        return "right"
    if known or any(_in(pattern, one) for pattern in report["first"] for one in said):
        return "partly"
    return "wrong" if any(one["state"] in ALARMS for one in found) else "missed"


def _found(answer: str) -> list[dict[str, Any]]:
    """What a person reads, the worst first."""
    report = json.loads(answer[: answer.rindex("}") + 1])
    return [one for state in WORST for one in report["findings"] if one["state"] == state]


def _advice(finding: dict[str, Any]) -> str:
    remedy = finding["remedy"] or {"text": "", "commands": []}
    return "\n".join((remedy["text"], *remedy["commands"]))


def _in(pattern: str, text: str) -> bool:
    return re.search(pattern, " ".join(text.split()), re.IGNORECASE) is not None


def _wanting(patterns: list[str], text: str, what: str) -> list[str]:
    if not patterns or any(_in(one, text) for one in patterns):
        return []
    return [f"{what}: {' '.join(text.split())[:160]!r}, expected one of {patterns}"]
