"""The compatibility matrix: each field is what the solver says of that card, build and Python, with its reasons."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gpusetup.facts import facts
from gpusetup.report import matrix_view as view
from gpusetup.resolve.domains import catalogue
from gpusetup.resolve.matrix import every_card, matrix
from gpusetup.resolve.matrix.model import Matrix, MatrixRow
from gpusetup.resolve.model import Request
from gpusetup.resolve.solver.search import Solution, search
from gpusetup.resolve.solver.solve import problem, releases, solve
from gpusetup.resolve.told.explanation import against
from gpusetup.resolve.told.refusal import telling
from tests.support import Run, drawn

DAY = date(2026, 11, 30)
FRAMEWORKS = ("torch", "tensorflow", "jax")
SAMPLE = 240


def request() -> Request:
    return Request(cards=every_card(facts()), frameworks=FRAMEWORKS)


@cache
def whole() -> Matrix:
    return matrix(facts(), request(), DAY)


def reasons(found: Matrix, row: MatrixRow, python: str) -> set[tuple[str, str]]:
    places = [place for some in row.refused if python in some.pythons for place in some.because]
    return {(found.reasons[place].fact, found.reasons[place].text) for place in places}


def pinned(row: MatrixRow, python: str) -> Request:
    """Return the request that a user would make for a field; the plugin of JAX has no pin."""
    card = request().cards[row.card]
    pins: dict[str, Any] = {row.framework: row.build if row.framework == "torch" else row.release}
    return replace(
        request(), cards=(card,), frameworks=(row.framework,), python=python,
        machine_arch=whole().cards[row.card].machine_arch, **pins,
    )  # fmt: skip


def fields() -> list[tuple[int, str]]:
    return [(row, python) for row in range(len(whole().rows)) for python in whole().pythons]


def alike(row: MatrixRow) -> list[MatrixRow]:
    """Return the rows that a user's pins cannot tell from `row`: JAX for one CUDA or the other."""
    if row.framework == "torch":
        return [row]
    key = (row.card, row.framework, row.release)
    return [one for one in whole().rows if (one.card, one.framework, one.release) == key]


def test_a_field_is_possible_exactly_where_a_whole_solve_finds_a_stack() -> None:
    """The toolkit and its compiler, which the matrix leaves out, are in the whole solve."""
    for place, python in drawn("matrix", fields(), SAMPLE):
        row = whole().rows[place]
        solved = solve(pinned(row, python), facts(), DAY).solution is not None
        assert solved == any(python in one.pythons for one in alike(row)), (row, python)


def test_the_reasons_are_those_of_the_solver() -> None:
    """The same problem, narrowed by pins instead: what broke is the same, but for the pins themselves."""
    refused = [(place, python) for place, python in fields() if python not in whole().rows[place].pythons]
    for place, python in drawn("matrix reasons", refused, SAMPLE):
        row, card = whole().rows[place], whole().cards[whole().rows[place].card]
        here = f"{card.name} ({card.compute_capability})"
        outcome = blame(pinned(row, python), row)
        told = {(one.fact, one.text.replace(here, "this card")) for one in outcome}
        assert reasons(whole(), row, python) <= told, (row, python, told)


def blame(asked: Request, row: MatrixRow) -> tuple[Any, ...]:
    known = catalogue(facts(), asked.machine_arch)
    release = releases(asked, known, DAY)[0]
    one = problem(asked, known, release, DAY)
    place = one.names.index(row.framework)
    one.domains = (
        *one.domains[:place],
        tuple(b for b in one.domains[place] if str(b) == row.build),
        *one.domains[place + 1 :],
    )
    found = search(one)
    assert not isinstance(found, Solution)
    return against(telling(found.blame))


def test_every_python_of_every_row_is_possible_or_refused_with_a_reason_and_a_source() -> None:
    found = whole()
    for row in found.rows:
        refused = [python for some in row.refused for python in some.pythons]
        assert sorted((*row.pythons, *refused)) == sorted(found.pythons)
        assert all(some.because for some in row.refused)
    assert all(one.sources and one.text for one in found.reasons)
    assert len(set(found.reasons)) == len(found.reasons)


def test_every_build_and_every_capability_of_the_tables_is_in_it() -> None:
    found = whole()
    assert {card.compute_capability for card in found.cards} == {cc for row in facts().arch for cc in row.cc}
    assert {row.release for row in found.rows if row.framework == "jax"} == {
        row.release for row in facts().jax if row.plugins
    }
    builds = {
        f"{release}+{row.variant}" for row in facts().torch_build if row.machine == "x86_64" for release in row.releases
    }
    assert {row.build for row in found.rows if row.framework == "torch"} >= builds


PUBLIC = tomllib.loads(Path(__file__).with_name("matrix_public.toml").read_text())["field"]


@pytest.mark.parametrize("stated", PUBLIC, ids=lambda one: f"{one['build']} on {one['card']}")
def test_the_makers_state_the_same(stated: dict[str, str]) -> None:
    card = next(place for place, one in enumerate(whole().cards) if one.compute_capability == stated["card"])
    (row,) = (one for one in whole().rows if (one.card, one.build) == (card, stated["build"]))
    assert row.cuda == stated["cuda"]
    if "pythons" in stated:  # JAX's page names none
        assert (view.span(row.pythons) if row.pythons else "") == stated["pythons"]
    else:
        assert row.pythons


def test_a_pin_narrows_it() -> None:
    one = matrix(facts(), replace(request(), torch="2.14", python="3.12", frameworks=("torch",)), DAY)
    assert {row.release.rpartition(".")[0] for row in one.rows} == {"2.14"}
    assert one.pythons == ("3.12",)


@pytest.mark.parametrize("python", ["2.7", "3.8", "3.15"])
def test_a_python_that_no_release_has_is_the_reason_in_every_field(python: str) -> None:
    some = tuple(card for card in request().cards if card.compute_capability in {"8.9", "6.1"})
    one = matrix(facts(), replace(request(), cards=some, python=python, frameworks=("torch",)), DAY)
    assert one.pythons == (python,)
    assert one.rows
    for row in one.rows:
        assert row.pythons == ()
        assert [told.pythons for told in row.refused] == [(python,)]
        assert reasons(one, row, python)
    newest = next(row for row in one.rows if one.cards[row.card].compute_capability == "8.9")
    assert ("request:python", f"you asked for Python {python}") in reasons(one, newest, python)


def test_an_old_driver_rules_new_cuda_out() -> None:
    card = next(card for card in request().cards if card.compute_capability == "8.9")
    one = matrix(facts(), replace(request(), cards=(card,), driver="550", frameworks=("torch",)), DAY)
    works = {row.cuda for row in one.rows if row.pythons}
    assert "12.4" in works
    assert not {cuda for cuda in works if cuda.startswith("13")}
    refused = next(row for row in one.rows if row.cuda == "13.0")
    assert any("needs driver" in text for _, text in reasons(one, refused, "3.12"))


@pytest.mark.parametrize(("capability", "driver"), [("12.0", "570.26"), ("8.9", "525.60.13"), ("6.1", "525.60.13")])
def test_the_oldest_driver_is_one_that_drives_the_card(capability: str, driver: str) -> None:
    """Minor versions of CUDA 12 run on 525.60.13, which no Blackwell card does."""
    card = next(card for card in request().cards if card.compute_capability == capability)
    asked = replace(request(), cards=(card,), frameworks=("torch",))
    one = matrix(facts(), asked, DAY)
    row = next(row for row in one.rows if row.cuda.startswith("12.") and row.pythons)
    assert row.driver_floor == driver
    for branch, runs in (("550", driver.startswith("525")), ("570", True)):
        held = matrix(facts(), replace(asked, driver=branch), DAY)
        again = next(other for other in held.rows if other.build == row.build)
        assert bool(again.pythons) == runs, (branch, reasons(held, again, row.pythons[0]))


def test_a_grid_shows_every_field_once() -> None:
    found = whole()
    for card in (0, 5, 14):
        grid = view.by_python(found, card, everything=True)
        rows = [row for row in found.rows if row.card == card]
        lines = [line for group in grid.groups for line in group.lines]
        assert len(lines) == len(rows)
        for row, line in zip(rows, lines, strict=True):
            fields = [cell for cell in line.cells for _ in range(cell.span)]
            assert [cell.possible for cell in fields] == [python in row.pythons for python in found.pythons]
            for python, cell in zip(found.pythons, fields, strict=True):
                told = {(one.fact, one.text) for one in (grid.reasons[number - 1] for number in cell.because)}
                assert told == reasons(found, row, python)


def test_pythons_are_a_range_where_none_is_left_out() -> None:
    assert view.span(("3.9", "3.10", "3.11")) == "3.9–3.11"
    assert view.span(("3.9", "3.11", "3.12")) == "3.9, 3.11, 3.12"
    assert view.span(("3.13", "3.14")) == "3.13, 3.14"
    assert view.span(("3.13",)) == "3.13"


def test_the_command_shows_generations_or_the_builds_of_a_card(gpusetup: Run) -> None:
    newest = gpusetup("facts", "matrix", "--framework", "torch").stdout
    assert "9.0  Hopper" in newest
    assert "Why not a newer one" in newest
    builds = gpusetup("facts", "matrix", "--gpu", "GTX 1080 Ti", "--framework", "pytorch").stdout
    assert builds.startswith("GeForce GTX 1080 Ti (6.1), x86_64, driven by branch 580 at most, on Fedora")
    assert "CUDA 13.2 compiles for 7.5 and newer" in " ".join(builds.split())


def test_the_command_as_json_is_the_matrix(gpusetup: Run) -> None:
    said = json.loads(gpusetup("facts", "matrix", "--gpu-arch", "7.0", "--framework", "jax", "--json").stdout)
    assert {row["framework"] for row in said["rows"]} == {"jax"}
    assert said["cards"][0]["compute_capability"] == "7.0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gpu", "RTX 9999 Ultra"], "RTX 9999 Ultra"),
        (["--gpu", "none"], "needs a card"),
        (["--gpu-arch", "99.0"], "known:"),
        (["--release", "7"], "no Fedora release 7"),
        (["--torch", "9.9"], "no torch 9.9"),
        (["--arch", "riscv"], "no processor architecture riscv"),
        (["--framework", "torch", "--jax", "0.12"], "--jax pins a framework that --framework excludes"),
    ],
)
def test_what_no_table_knows_is_refused(options: list[str], message: str, gpusetup: Run) -> None:
    done = gpusetup("facts", "matrix", *options)
    assert done.returncode == 2
    assert message in done.stderr
