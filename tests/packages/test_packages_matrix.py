"""Environments of the card × release matrix, resolved by the real uv from the files on record for their platforms."""

from __future__ import annotations

import pytest

from gpusetup.facts import facts, systems
from gpusetup.packages.fit.question import question
from gpusetup.packages.model import Question, Resolution
from gpusetup.packages.resolver import find_uv
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.chosen.locked_requirements import wheel_of
from gpusetup.resolve.model import Environment, Request, Stack
from tests.packages.stub_index import Stub, write_index
from tests.packages.test_packages_fit import TODAY
from tests.support import drawn, fedoras, tool

CARDS = sorted({gpu.cc: gpu.name for gpu in facts().gpu if gpu.market != "jetson"}.values())
MATRIX = [
    (name, row.release, framework) for name in CARDS for row in fedoras(facts()) for framework in ("torch", "jax")
]


def environments(name: str, release: str, framework: str) -> list[tuple[Stack, Environment]]:
    request = Request(release=release, cards=named(facts(), (name,), ()), frameworks=(framework,), allow_eol=True)
    found = attempt(request, facts(), TODAY)
    return [(found, one) for one in found.environments] if isinstance(found, Stack) else []


def files(environment: Environment) -> list[Stub] | None:
    """Return the wheels on record for an environment, named as on the index; None where one is not on record."""
    rows = [(one, wheel_of(one, environment.python, facts())) for one in environment.requirements]
    if not rows or any(row is None for _, row in rows):
        return None
    extras = {one.text.partition("==")[0].partition("[")[2].rstrip("]") for one, _ in rows} - {""}
    return [
        Stub(
            row.package, row.release, tag="-".join(row.file.removesuffix(".whl").split("-")[-3:]), extras=tuple(extras)
        )
        for _, row in rows
        if row
    ]


def test_the_wheels_on_record_are_for_the_python_and_the_system_of_the_plan(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("uv")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    asked: dict[Question, list[Stub]] = {}
    for stack, one in (pair for row in drawn("environments", MATRIX, 12) for pair in environments(*row)):
        if (there := files(one)) is not None:
            wanted = tuple(requirement.text for requirement in one.requirements)
            asked[question(stack.request, one, systems.glibc(facts(), stack.request.distro, stack.release), wanted)] = (
                there
            )
    for each, there in asked.items():
        monkeypatch.setenv("UV_DEFAULT_INDEX", write_index(tmp_path_factory.mktemp("index"), there))
        answer = find_uv()(each)
        assert isinstance(answer, Resolution), (each, answer)
        assert {one.name for one in answer.packages} == {stub.name for stub in there}


def test_a_wheel_for_another_system_is_refused(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("uv")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    stub = Stub("torch", "2.15.0", tag="cp314-cp314-manylinux_2_39_x86_64")
    monkeypatch.setenv("UV_DEFAULT_INDEX", write_index(tmp_path_factory.mktemp("index"), [stub]))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    resolve = find_uv()
    assert isinstance(resolve(Question(wanted=("torch",), python="3.14", glibc="2.39")), Resolution)
    assert not isinstance(resolve(Question(wanted=("torch",), python="3.14", glibc="2.34")), Resolution)
    assert not isinstance(resolve(Question(wanted=("torch",), python="3.13", glibc="2.39")), Resolution)
