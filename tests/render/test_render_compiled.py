"""Compiled templates say what their sources say, and never stand in for a source that says something else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jinja2
import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.render import environment, template_cache
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from tests.stacks import desktop, laptop

pytestmark = pytest.mark.slow

DNF = content_dirs("recipes")[0] / "dnf"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Have the templates compiled for this test, whatever the checkout has."""
    spec = importlib.util.spec_from_file_location(template_cache.NAME, template_cache.write(tmp_path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, template_cache.NAME, module)
    return module


def from_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_cache, "_ready", dict)


def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the name of every template that Jinja parses."""
    names: list[str] = []
    original = jinja2.Environment.compile

    def noted(self: jinja2.Environment, source: str, name: str, *args: object) -> object:
        names.append(name)
        return original(self, source, name, *args)  # type: ignore[call-overload]

    monkeypatch.setattr(jinja2.Environment, "compile", noted)
    return names


@pytest.mark.parametrize("kind", ["bash", "ansible", "kickstart", "cloud-init", "bundle"])
def test_compiled_and_parsed_templates_give_the_same_text(built: ModuleType, kind: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        names = parsed(patch)
        ready = [render(recipe(make()), kind, "2026-11-22") for make in (laptop, desktop)]
        assert names == []
    with pytest.MonkeyPatch.context() as patch:
        from_sources(patch)
        names = parsed(patch)
        assert [render(recipe(make()), kind, "2026-11-22") for make in (laptop, desktop)] == ready
        assert "30-driver.sh.j2" in names


def test_an_edited_template_is_never_shadowed(
    built: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own/fedora"
    own.mkdir(parents=True)
    text = (DNF / "20-kernel-headers.sh.j2").read_text()
    (own / "20-kernel-headers.sh.j2").write_text(text.replace("gcc make", "gcc make edited"))
    names = parsed(monkeypatch)
    steps = {step.id: step.apply for step in recipe(desktop(), tmp_path / "own").steps}
    assert "gcc make edited" in steps["kernel-headers"]
    assert names == ["20-kernel-headers.sh.j2"]


def test_templates_compiled_by_another_jinja_are_left_alone(built: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "JINJA", "0.0")
    names = parsed(monkeypatch)
    recipe(desktop())
    assert "30-driver.sh.j2" in names


def test_without_compiled_templates_all_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_cache, "NAME", "gpusetup.render.nothing_of_that_name")
    assert recipe(desktop()).steps


def test_a_template_that_no_folder_has_is_named(built: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(jinja2.TemplateNotFound, match="nowhere"):
        environment.steps([tmp_path]).get_template("nowhere.j2")
