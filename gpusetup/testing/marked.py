"""What the mark and the fixtures do, once a test uses them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gpusetup.determinism.generators import kept
from gpusetup.errors import GpusetupError, WrongInputError
from gpusetup.testing import compare, fresh, repeat
from gpusetup.testing.closeness import Limits
from gpusetup.testing.places import baseline_path
from gpusetup.testing.session import test_of

if TYPE_CHECKING:
    from gpusetup.repro.outputs.item import Item
    from gpusetup.testing.session import Session

DEADLINE = 600.0
"""Seconds that one run of a marked test may take."""
_REMEDY = "return what has to be the same: a loss, the weights, a model"


def run_marked(item: pytest.Function, mark: pytest.Mark) -> None:
    """Run a marked test, once here so that it fails as any test does, then in fresh processes, and compare those."""
    runs, own, seed, deadline = _options(mark)
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}

    def call() -> object:
        return item.obj(**arguments)

    first = _parts(lambda: repeat.parts_of(call, seed))
    if fresh.is_child():
        fresh.write_result(Path(os.environ[fresh.RESULT]), first)
        return
    if not first:
        _fail(["it returned nothing, so that there is nothing to compare", f"  {_REMEDY}"], item.nodeid)
    if own:
        target = f"{item.path}::{test_of(item.nodeid)}"
        words = fresh.words_of(target, _passed_on(item.config))
        fault = fresh.fault_of(words, item.config.invocation_params.dir, runs, deadline)
    else:
        fault = _again(lambda: repeat.fault_of(call, runs, seed=seed, first=first))
    _fail(fault, item.nodeid)


def _options(mark: pytest.Mark) -> tuple[int, bool, int | None, float]:
    """Return runs, fresh, seed and deadline of a mark; fails the test for others."""
    known: dict[str, Any] = {"runs": 2, "fresh": True, "seed": None, "deadline": DEADLINE}
    given = known | dict(mark.kwargs)
    runs, deadline = given["runs"], given["deadline"]
    wrong = ""
    if mark.args or set(given) - set(known):
        strange = [*map(repr, mark.args), *sorted(set(given) - set(known))][0]
        wrong = f"does not take {strange}: it takes {', '.join(known)}, by name"
    elif type(runs) is not int or runs < 2:
        wrong = f"has runs={runs!r}: two runs are the fewest that can be compared"
    elif not isinstance(deadline, int | float) or not deadline > 0:
        wrong = f"has deadline={deadline!r}: give seconds"
    if wrong:
        pytest.fail(f"the mark reproducible {wrong}", pytrace=False)
    return runs, bool(given["fresh"]), given["seed"], float(deadline)


def _parts(make: Callable[[], list[Item]]) -> list[Item]:
    try:
        found = make()
    except WrongInputError as error:
        pytest.fail(str(error), pytrace=False)
    return [] if len(found) == 1 and getattr(found[0], "text", "") == "None" else found


def _again(make: Callable[[], list[str]]) -> list[str]:
    """Return what `make` finds; the generators are then as they were."""
    restore = kept("random", "numpy.random", "torch")
    try:
        return make()
    except WrongInputError as error:
        return [str(error)]
    finally:
        restore()


def _fail(fault: list[str], test: str) -> None:
    if fault:
        pytest.fail("\n".join([f"{test}: {fault[0]}", *fault[1:]]), pytrace=False)


def _passed_on(config: pytest.Config) -> list[str]:
    """Return the options of this run that a run of one test needs too; `addopts` holds for it anyway."""
    found = [f"--rootdir={config.rootpath}"]
    found += [f"--config-file={config.inipath}"] if config.inipath else []
    plugins = config.pluginmanager
    found += ["-n0"] if plugins.hasplugin("xdist") else []
    found += ["--no-cov"] if plugins.hasplugin("_cov") else []
    words = list(config.invocation_params.args)
    for number, word in enumerate(words[:-1]):
        if word in {"-p", "-o", "--override-ini"} and "cacheprovider" not in words[number + 1]:
            found += [word, words[number + 1]]
    return found + [word for word in words if word.startswith(("--import-mode=", "-W", "--override-ini="))]


def call_again(
    function: Callable[..., object], /, *args: Any, runs: int = 2, seed: int | None = None, **kwargs: Any
) -> object:
    """Call `function` `runs` times and fail where the results differ; return the first.

    With `seed` every generator is seeded before each call; without, a function that draws has to seed for itself.
    """
    kept: list[object] = []

    def call() -> object:
        result = function(*args, **kwargs)
        kept.append(result)
        return result

    first = _parts(lambda: repeat.parts_of(call, seed))
    name = getattr(function, "__qualname__", repr(function))
    if not first:
        _fail(["it returned nothing, so that there is nothing to compare", f"  {_REMEDY}"], name)
    _fail(_again(lambda: repeat.fault_of(call, runs, seed=seed, first=first)), name)
    return kept[0]


def baseline_assertion(request: pytest.FixtureRequest, session: Session) -> Callable[..., None]:
    """Return the function that compares a value with the baseline of this test."""
    test, update = request.node.nodeid, request.config.getoption("gpusetup_update")

    def check(
        value: object, name: str = "", *, rtol: float | None = None, atol: float | None = None, exact: bool = False
    ) -> None:
        try:
            path = baseline_path(request.node.path, test_of(test), name)
            _require_alone(session, path, test, name)
            if update:
                session.written |= {str(path)} if compare.write(value, path) == "written" else set()
                fault = []
            else:
                fault = compare.fault_of(value, path, Limits(rtol, atol, exact), test)
            session.used.add(str(path))
        except GpusetupError as error:
            fault = [str(error)]
        _fail(fault, test)

    asked: set[str] = set()

    def _require_alone(session: Session, path: Path, test: str, name: str) -> None:
        if session.owners.setdefault(str(path), test) != test or str(path) in asked:
            raise WrongInputError(f"the baseline {path.name} is asked for twice", f"give each a name, {name}a …")
        asked.add(str(path))

    return check
