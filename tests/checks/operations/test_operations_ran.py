"""The table of a proof has what ran, and says why a cell is empty."""

from __future__ import annotations

import re
import sys
from typing import Any

import msgspec
import pytest

from checks.operations.families import families
from checks.operations.run import runs_in
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.prove import prove
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import RunLimits, Selection
from tests.checks.planted import ROOT
from tools.operations_ran import write_table


def case(name: str, mode: str = "eager", direction: str = "forward", outcome: str = "passed") -> dict[str, Any]:
    return {"case": name, "direction": direction, "mode": mode, "dtype": "float32", "device": "cpu", "drawn": ""} | {
        "outcome": outcome
    }


def run(framework: str, cases: list[dict[str, Any]], check: str = "operations", seed: int = 0) -> dict[str, Any]:
    job = {
        "check": check,
        "framework": framework,
        "device": "cpu",
        "seed": seed,
        "round": 1,
        "profile": "full",
        "threads": 1,
    }
    result = {"environment": "e", "layout": "l", "fingerprint": "f", "cases": cases}
    return {"job": job, "outcome": "finished", "seconds": 1.0, "result": result}


def rows(*runs: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    fields: dict[str, Any] = {"gpusetup": "1", "made_at": "now", "profile": "full", "seconds": 1.0, "checks": {}}
    fields |= {"environments": {}, "layouts": {}, "runs": list(runs), "verdicts": [], "unproven": []}
    text = write_table(msgspec.convert(fields, Proof))
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    return {(family, direction): rest for family, direction, *rest in cells}


def test_a_cell_counts_cases_by_mode_and_what_did_not_pass() -> None:
    seen = [case("einsum.batched"), case("einsum.outer"), case("einsum.outer", "compiled")]
    bad = [case("einsum.vectors", outcome="failed"), case("einsum.matrices", outcome="unsupported")]
    table = rows(run("pytorch", [*seen, *bad]), run("pytorch", seen, seed=1))
    assert table["family", "direction"] == ["pytorch, float32, cpu"]
    assert table["einsum", "forward"] == ["compiled 1, eager 2 (1 failed, 1 unsupported)"]


def test_an_empty_cell_says_why() -> None:
    table = rows(run("pytorch", [case("einsum.outer")]), run("jax", []), run("tensorflow", [], check="gru"))
    assert table["loading", "forward"] == ["none: JAX loads no data", "none: not part of this run"]
    assert table["loading", "backward"][1] == "none: examples are integers"
    assert table["einsum", "backward"] == ["none: not part of this run"] * 2


def test_a_case_that_only_failed_is_no_coverage() -> None:
    table = rows(run("pytorch", [case("einsum.outer", outcome="crashed")]))
    assert table["einsum", "forward"] == ["0 (1 crashed)"]


RAN = ROOT / "docs" / "evidence" / "operations-ran.md"
MODES = {"pytorch": ("eager", "compiled"), "tensorflow": ("eager", "graph", "xla"), "jax": ("jit", "eager")}
MODE = {framework: modes[0] for framework, modes in MODES.items()}


def committed(profile: str) -> dict[tuple[str, str, str], str]:
    """Return the cells of a table of the page by family, direction and column: ``pytorch, float32, cpu``."""
    part = RAN.read_text("utf-8").partition(f"## {profile.capitalize()} runs")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    head, *rest = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {(row[0], row[1], column): cell for row in rest for column, cell in zip(head[2:], row[2:], strict=True)}


def not_run(profile: str) -> str:
    """Return the sentence of the page that names what was not run for a table."""
    part = RAN.read_text("utf-8").partition(f"## {profile.capitalize()} runs")[2].partition("\n## ")[0]
    return next((line.partition(": ")[2] for line in part.splitlines() if line.startswith("Not run")), "")


@pytest.mark.parametrize("profile", ["quick", "full"])
def test_the_page_has_every_case_and_no_cell_without_a_reason(profile: str) -> None:
    """Counted against the declarations: what a run has is what the page says ran, whatever its outcome."""
    cells = committed(profile)
    every = {f"{one}, {p}, cpu" for one in MODE for p in ("float32", "float64")}
    named = {f"{one}, cpu".replace(" in ", ", ") for one in re.findall(r"\w+ in \w+", not_run(profile))}
    assert {column for _, _, column in cells} == every - named
    assert profile == "full" or not named
    for (family, direction, column), cell in cells.items():
        framework = column.partition(",")[0]
        steps = [
            (one, mode)
            for one in families()[family.replace(" ", "_")]
            if framework in one.code and (one.quick or profile == "full") and (direction == "forward" or one.wrt())
            for mode in (MODES[framework] if profile == "full" else MODES[framework][:1])
            if runs_in(mode, one, framework)
        ]
        counted = sum(int(number) for number in re.findall(r"\d+", re.sub(r"none: .*", "", cell)))
        if direction == "backward":  # a case that did not return on its way forward has no way back
            forward = cells[family, "forward", column]
            counted += sum(int(number) for number in re.findall(r"(\d+) (?:crashed|unsupported)", forward))
        assert counted >= len(steps), f"{family}, {direction}, {column}: run `tools.operations_page --ran` again"
        assert cell.startswith("none: ") != bool(steps)
        assert "not part of this run" not in cell or profile == "quick"


def test_half_precision_has_its_checks_and_no_cell_without_a_reason() -> None:
    part = RAN.read_text("utf-8").partition("## Half precision")[2]
    lines = [line for line in part.splitlines() if line[:2] == "| "]
    if not lines:
        assert "Not run for this page." in part
        return
    head, *rest = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert head[1:] == sorted(f"{one}, {p}, cpu" for one in MODE for p in ("bf16", "fp16"))
    assert [row[0] for row in rest] == sorted(name for name, check in checks().items() if "bf16" in check.precisions)
    for row in rest:
        assert all(("parity" in cell and "failed" not in cell) or cell.startswith("none: ") for cell in row[1:]), row


@pytest.mark.frameworks
def test_the_page_is_what_a_fresh_quick_run_gives() -> None:
    """In PyTorch, whose quick run takes the least."""
    chosen = Selection(checks=("operations",), pythons={"pytorch": sys.executable}, repeat=1)
    fresh = write_table(prove(chosen, checks(), limits=RunLimits(seconds=600)))
    lines = [line for line in fresh.splitlines() if line.startswith("| ")]
    head, *rest = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert head[2:] == ["pytorch, float32, cpu"]
    cells = committed("quick")
    assert {(row[0], row[1]): row[2] for row in rest} == {
        (family, direction): cell for (family, direction, column), cell in cells.items() if column == head[2]
    }
