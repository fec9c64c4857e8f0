"""What one round of a run does for all of them, and what cases share."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from checks import cost, determinism, exact
from checks.common.record import Recorder
from checks.operations import _children
from checks.operations.case import Case, real
from checks.operations.run import Step, runs_in
from tests.checks.one_job import JOB

if TYPE_CHECKING:
    from types import ModuleType

CALLED: dict[str, tuple[ModuleType, list[str], list[str]]] = {
    "exact": (exact, ["record_all"], ["check_portability"]),
    "determinism": (
        determinism,
        ["check_sources", "check_sameness", "probe"],
        ["observe_company", "observe_own", "observe_portability"],
    ),
    "cost": (cost, ["count"], ["_check_counter", "_ceiling", "_ceiling"]),
}
"""Check → its module, what every round calls, and what the first alone does."""


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("check", CALLED)
def test_later_rounds_leave_out_what_one_round_settles(
    check: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, always, once = CALLED[check]
    called: list[str] = []
    backend = SimpleNamespace(
        train=lambda *_, **__: {}, draw=lambda *_: {}, kernels={}, peak=lambda _: 0.0, observe_own=None
    )

    def note(name: str) -> object:
        def stand_in(*_: object) -> float:
            called.append(name)
            return 1.0

        return stand_in

    for name in {*always, *once}:
        monkeypatch.setattr(backend if name == "observe_own" else module, name, note(name))
    costed = SimpleNamespace(weights={}, falls=False, train=lambda *_: SimpleNamespace(weights=dict))
    monkeypatch.setattr(cost, "workloads", lambda _: {"boundary": costed})
    monkeypatch.setattr(cost, "importlib", SimpleNamespace(import_module=str))  # PyTorch itself has no part in this
    monkeypatch.setattr(cost, "train", lambda *_: cost.Bill(1, 1.0, None, (0.0, 0.0)))
    job = dataclasses.replace(JOB, check=check, framework="reference", profile="full", round=number)
    module.prove(backend, dataclasses.replace(job, framework="pytorch"), Recorder(lambda *_: None))
    assert called == [*always, *(once if number == 1 else [])]


def _case(name: str, **sizes: tuple[int, ...]) -> Case:
    return Case(name=name, inputs={"x": real("N, 2 * C")}, reference=abs, code={"jax": "x"}, sizes=sizes)


def test_where_primitives_are_compiled_alone_cases_share_their_extents() -> None:
    one = _case("one", N=(1, 3, 9, 40), C=(1, 5), stride=(1, 2, 3, 4, 5, 6, 7, 8))
    two = _case("two", N=(40, 1, 9, 3), C=(5, 1), stride=(1, 2, 3, 4, 5, 6, 7, 8))
    found = [case.draw_sizes("any", seed, "jax", "eager") for seed in range(8) for case in (one, two)]
    assert {(sizes["N"], sizes["C"]) for sizes in found} == {(9, 5)}
    assert len({sizes["stride"] for sizes in found}) > 1, "an option is no extent: it is drawn"
    assert len({one.draw_sizes("any", seed, "jax", "jit")["N"] for seed in range(16)}) > 1, "drawn as everywhere else"


def test_what_a_compiler_fuses_is_not_run_primitive_by_primitive() -> None:
    fused = Case(name="fused", inputs={}, reference=abs, code={"jax": "x", "pytorch": "x"}, fused=True)
    assert not runs_in("eager", fused, "jax")
    assert runs_in("jit", fused, "jax")
    assert runs_in("eager", fused, "pytorch")
    assert runs_in("eager", _case("one"), "jax")


def test_a_mode_that_is_slow_to_get_ready_has_a_child_for_all_families() -> None:
    parts = {
        family: [Step(family, _case("one"), mode) for mode in modes]
        for family, modes in {"a": ("eager", "compiled"), "b": ("compiled",), "c": ("eager",)}.items()
    }
    found = _children(parts, frozenset({"compiled"}))
    assert {name: [(step.family, step.mode) for step in steps] for name, steps in found.items()} == {
        "a": [("a", "eager")],
        "c": [("c", "eager")],
        "compiled": [("a", "compiled"), ("b", "compiled")],
    }
    assert list(_children(parts, frozenset())) == ["a", "b", "c"]
