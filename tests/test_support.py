"""What tests share keeps its promises: a missing tool skips, a sample comes back, no tool is run unasked for."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import support
from tests.support import ROOT, drawn, examples, module, tool

GUARDED = {"lab": "tests/lab/conftest.py and tests/lab/images.py say what the whole lab lacks"}
"""Folders whose fixtures ask for all of their tools at once."""


def test_a_missing_tool_skips_with_its_name() -> None:
    with pytest.raises(pytest.skip.Exception, match="no-such-tool is not installed"):
        tool("no-such-tool")
    assert Path(tool("bash")).name == "bash"


def test_a_missing_module_skips_and_one_that_is_there_is_not_imported() -> None:
    with pytest.raises(pytest.skip.Exception, match="no_such_module is not installed"):
        module("no_such_module")
    sys.modules.pop("antigravity", None)
    module("antigravity")  # opens a browser when it is imported
    assert "antigravity" not in sys.modules


def test_the_same_seed_draws_the_same_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "EVERYTHING", False)
    every = list(range(1000))
    monkeypatch.setattr(support, "SEED", "7")
    first = [drawn("a", every, 5), drawn("b", every, 5)]
    assert [drawn("b", every, 5), drawn("a", every, 5)] == first[::-1]
    assert first[0] != first[1]
    assert first[0] == sorted(first[0])
    monkeypatch.setattr(support, "SEED", "8")
    assert drawn("a", every, 5) != first[0]
    monkeypatch.setattr(support, "EVERYTHING", True)
    assert drawn("a", every, 5) == every


def test_a_share_of_each_sample_is_drawn_and_never_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "EVERYTHING", False)
    monkeypatch.setattr(support, "SHARE", 0.2)
    every = list(range(100))
    assert [len(drawn("a", every, count)) for count in (1, 50, None)] == [1, 10, 20]
    assert [examples(count).max_examples for count in (5, 40, 200)] == [5, 10, 20]
    monkeypatch.setattr(support, "SHARE", 1.0)
    assert drawn("a", every) == every
    assert [examples(count).max_examples for count in (5, 40, 200)] == [5, 20, 100]
    monkeypatch.setattr(support, "EVERYTHING", True)
    assert examples(200).max_examples == 200


def test_a_tool_that_may_be_missing_is_asked_for_where_it_is_run() -> None:
    """`.ci/run` installs every tool: a test that fails without one would fail on other people's machines alone."""
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if ".built" not in path.parts]
    texts = {path: path.read_text() for path in files if path != Path(__file__)}
    modules = {
        path: [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        for path, text in texts.items()
        if "subprocess" in text or "tool(" in text or "found(" in text
    }
    asked = {path: set(_asked(calls)) for path, calls in modules.items()}
    optional = set().union(*asked.values())
    assert {"shellcheck", "gcc", "strace"} <= optional
    bare = {
        str(path.relative_to(ROOT)): wrong
        for path, calls in modules.items()
        if path.parent.name not in GUARDED and (wrong := set(_run(calls)) & optional - asked[path])
    }
    assert bare == {}, "run it as tool(NAME)"


def _asked(calls: list[ast.Call]) -> Iterator[str]:
    for node in calls:
        if getattr(node.func, "id", getattr(node.func, "attr", "")) in {"tool", "found"}:
            yield from (one.value for one in node.args if isinstance(one, ast.Constant))  # type: ignore[misc]


def _run(calls: list[ast.Call]) -> Iterator[str]:
    """Yield the first word of every command that is given to subprocess."""
    for node in calls:
        if getattr(getattr(node.func, "value", None), "id", "") == "subprocess":
            words = node.args[0] if node.args else None
            first = words.elts[0] if isinstance(words, ast.List | ast.Tuple) and words.elts else None
            if isinstance(first, ast.Constant):
                yield str(first.value)
