"""The table of a proof has what ran, and says why a cell is empty."""

from __future__ import annotations

from typing import Any

import msgspec

from gpusetup.selftest.proof import Proof
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
