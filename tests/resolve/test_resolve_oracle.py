"""The solver against the oracle on a sample of the matrix (``benchmarks/solver.py`` runs all of it).

And the oracle against a solver with a constraint missing: a comparison that never fails proves nothing. Not in that
list are constraints whose effect on unpinned requests another one has too, and which are there for what they say.
"""

from __future__ import annotations

import pytest

from gpusetup.facts import Facts, facts
from gpusetup.resolve.solver import problem
from tests.resolve.matrix import Case, cases, solved
from tests.resolve.oracle import Best, best

STRIDE = 47  # coprime to the 4 questions and 17 releases of each set of cards, so that all come up
TELLING = [
    Case(("6.1",), False, 44, ""),
    Case(("8.9",), False, 44, ""),
    Case(("8.9",), False, 44, "nvidia"),
    Case(("6.1",), False, 44, "nvidia"),
    Case(("12.0",), False, 43, ""),
    Case(("10.7",), False, 44, ""),
    Case(("6.1", "7.5"), False, 44, ""),
    Case(("12.0", "6.1"), False, 44, ""),
    Case(("8.7",), True, 44, ""),
    Case(("3.7",), False, 44, ""),
    Case(("6.1",), False, 41, ""),
    Case(("8.9",), False, 40, ""),
    Case(("8.6",), False, 37, ""),
    Case(("8.0",), False, 34, ""),
]


@pytest.fixture(scope="session")
def opinions(tables: Facts) -> dict[Case, Best | None]:
    chosen = [*TELLING, *list(cases(tables))[::STRIDE]]
    return {one: best(tables, one.ccs, one.jetson, one.release, one.repo, one.python) for one in chosen}


def test_solver_and_oracle_agree(tables: Facts, opinions: dict[Case, Best | None]) -> None:
    assert len(opinions) > 200
    assert sum(opinion is not None for opinion in opinions.values()) > 50
    for case, opinion in opinions.items():
        assert solved(tables, case) == opinion, case


@pytest.mark.parametrize(
    "missing",
    [
        "card_is_in_such_a_host",
        "branch_drives_card",
        "modules_drive_card",
        "line_stays_with_card",
        "torch_has_kernels",
        "driver_runs_torch",
        "driver_runs_tensorflow",
        "tensorflow_has_kernels",
        "tensorflow_works",
        "tensorflow_accepts_cudnn",
        "cudnn_knows_card",
        "nvidia_wheels_agree",
        "cudnn_is_the_same",
        "torch_has_python",
        "tensorflow_has_python",
        "one_environment_has_one_python",
        "toolkit_targets_card",
        "repository_carries_toolkit",
        "headers_suit_glibc",
        "driver_takes_toolkit_ptx",
        "nvcc_accepts_compiler",
        "toolkit_cudnn_knows_card",
    ],
)
def test_the_oracle_notices_a_missing_constraint(
    monkeypatch: pytest.MonkeyPatch, opinions: dict[Case, Best | None], missing: str
) -> None:
    fewer = [one for one in problem.CONSTRAINTS if one.name != missing]
    assert len(fewer) == len(problem.CONSTRAINTS) - 1
    monkeypatch.setattr(problem, "CONSTRAINTS", fewer)
    crippled = Facts()  # a catalogue of its own, with no verdict remembered
    crippled.__dict__ |= {name: rows for name, rows in facts().__dict__.items() if name != "folder"}
    assert any(solved(crippled, case) != opinion for case, opinion in opinions.items())
