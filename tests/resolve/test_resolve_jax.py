"""JAX in a plan: its plugin, cuDNN and Python against plain loops over the rows, and each constraint by its absence."""

from __future__ import annotations

import re

import pytest

from gpusetup.facts import Facts, facts
from gpusetup.resolve import resolve
from gpusetup.resolve.model import Request
from gpusetup.resolve.solver import problem
from gpusetup.resolve.solver.solve import solve
from gpusetup.versions import runs_on
from tests.resolve.matrix import TODAY, Case, request
from tests.resolve.oracle import cudnn_floor, floor, meets, v

CARDS = ("5.2", "6.1", "7.0", "7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "10.3", "12.0")
RELEASES = (44, 41, 38)
Chosen = tuple[str, int, str, str]


def asked(facts: Facts, cc: str, release: int, **more: str) -> Request:
    from msgspec.structs import replace

    return replace(request(facts, Case((cc,), False, release, "")), frameworks=("jax",), **more)


def expected(facts: Facts, cc: str, driver: str, pythons: list[str]) -> Chosen | None:
    """Return release, CUDA major, cuDNN and Python of the newest JAX that the rows allow."""
    for row in sorted(facts.jax, key=lambda one: v(one.release), reverse=True):
        for plugin in row.plugins:
            oldest = ".".join(re.findall(r"\d+", plugin.runtime.split(">=")[1])[:2])
            python = next((one for one in pythons if one in row.python and one in plugin.python), "")
            if not python or not runs_on(plugin.cc, plugin.ptx, cc) or v(driver) < v(floor(facts, oldest)):
                continue
            package, conditions = re.fullmatch(r"([a-z0-9-]+?)([><=].*)", plugin.cudnn).groups()  # type: ignore[union-attr]
            fit = [one.version for one in facts.cudnn if package in one.pip and meets(one.version, conditions)
                   and v(cc) >= v(cudnn_floor(facts, one.version))]  # fmt: skip
            if fit:
                return row.release, plugin.cuda, max(fit, key=v), python
    return None


def chosen(facts: Facts, cc: str, release: int) -> tuple[Chosen, str, list[str]] | None:
    """Return what the solver chose, and for which driver and Pythons; None where it has no driver."""
    found = solve(asked(facts, cc, release), facts, TODAY).solution
    if found is None:
        return None
    jax, places = found["jax"], dict(zip(found.problem.names, found.problem.domains, strict=True))
    said = (jax.row.release, jax.plugin.cuda, found["jax_cudnn"].row.version, found["python jax"].version)
    return said, found["driver"].version, [one.version for one in places["python jax"]]


def differing(facts: Facts) -> tuple[list[str], set[Chosen]]:
    """Return the cards and releases on which solver and loops differ, and all that was chosen."""
    wrong, seen = [], set()
    for cc in CARDS:
        for release in RELEASES:
            if found := chosen(facts, cc, release):
                said, driver, pythons = found
                seen.add(said)
                wrong += [f"{cc} on {release}: {said}"] if said != expected(facts, cc, driver, pythons) else []
    return wrong, seen


def test_the_solver_chooses_what_the_rows_allow(tables: Facts) -> None:
    wrong, seen = differing(tables)
    assert not wrong
    assert len(seen) > 4  # of both CUDA majors, several cuDNN and Pythons
    assert {cuda for _, cuda, _, _ in seen} == {12, 13}


@pytest.mark.parametrize("missing", ["jax_accepts_cudnn", "jax_cudnn_knows_card", "jax_has_python"])
def test_the_loops_notice_a_missing_constraint(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    fewer = [one for one in problem.CONSTRAINTS if one.name != missing]
    assert len(fewer) == len(problem.CONSTRAINTS) - 1
    monkeypatch.setattr(problem, "CONSTRAINTS", fewer)
    crippled = Facts()  # a catalogue of its own, with no verdict remembered
    crippled.__dict__ |= {name: rows for name, rows in facts().__dict__.items() if name != "folder"}
    assert differing(crippled)[0]


def test_an_old_driver_gets_the_wheels_for_the_older_cuda(tables: Facts) -> None:
    stack = resolve(asked(tables, "8.9", 44, driver="570"), tables, TODAY)
    assert stack.environments[0].requirements[0].text.startswith("jax[cuda12]==")
    assert stack.environments[0].driver_floor == "525.60.13"


def test_jax_has_an_environment_of_its_own(tables: Facts) -> None:
    from msgspec.structs import replace

    every = replace(asked(tables, "8.9", 44), frameworks=("torch", "tensorflow", "jax"))
    stack = resolve(every, tables, TODAY)
    assert [one.frameworks for one in stack.environments if "jax" in one.frameworks] == [("jax",)]
    reasons = stack.choice("jax")
    assert reasons is not None
    assert "rule-jax-environment" in {one.fact for one in reasons.reasons}


def test_a_plugin_without_kernels_for_the_card_is_ruled_out(tables: Facts) -> None:
    chosen = resolve(asked(tables, "7.0", 44), tables, TODAY).choice("jax")
    assert chosen is not None
    lost = next(one for one in chosen.rejected if one.value == "0.12.0.1[cuda13]")
    assert lost.better
    assert "none of which runs on" in lost.because[0].text


def test_the_cpu_needs_no_plugin(tables: Facts) -> None:
    stack = resolve(Request(frameworks=("jax",), release="44"), tables, TODAY)
    (environment,) = stack.environments
    newest = max((row.release for row in tables.jax), key=v)
    assert [one.text for one in environment.requirements] == [f"jax=={newest}", "optax"]
    assert environment.cuda == environment.driver_floor == ""


def test_an_architecture_without_wheels_is_not_planned(tables: Facts) -> None:
    from gpusetup.resolve.domains import catalogue

    arm = {str(one) for one in catalogue(tables, "aarch64").jax[True]}
    intel = {str(one) for one in catalogue(tables).jax[True]}
    assert arm < intel
    assert {one.partition("[")[0] for one in intel - arm} == {"0.4.38"}
