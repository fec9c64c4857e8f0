"""The plugin as pytest loads it: option, mark and fixtures. Whatever needs more is imported where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gpusetup.determinism.model import Settings
    from gpusetup.testing.session import Session

MARK = "reproducible"
_SESSION = pytest.StashKey["Session"]()
_ITEMS = pytest.StashKey[Iterable[pytest.Item]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option."""
    group = parser.getgroup("gpusetup", "reproducible results (gpusetup)")
    group.addoption(
        "--gpusetup-update", action="store_true", default=False, help="write the baselines of the tests that run"
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(runs=2, fresh=True, seed=None, deadline=600): what the test returns is the same in every run; runs it "
        "in fresh processes, or with fresh=False again in this one, after seeding everything with `seed`",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a marked test, and again."""
    mark = pyfuncitem.get_closest_marker(MARK)
    if mark is None:
        return None
    from gpusetup.testing.marked import run_marked

    run_marked(pyfuncitem, mark)
    return True


@pytest.fixture
def deterministic() -> Iterator[Settings]:
    """Seed everything with 0 and choose kernels that repeat their bits, for this test; gives what was set."""
    from gpusetup.determinism.switching import Deterministic

    with Deterministic(0, warn_only=False) as settings:
        yield settings


@pytest.fixture
def assert_reproducible() -> Callable[..., object]:
    """Give ``assert_reproducible(fn, *args, runs=2, seed=None, **kwargs)``, which returns what `fn` returned first."""
    from gpusetup.testing.marked import call_again

    return call_again


@pytest.fixture
def assert_close_to_baseline(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Give ``assert_close_to_baseline(value, name="", *, rtol=None, atol=None, exact=False)``."""
    from gpusetup.testing.marked import baseline_assertion

    return baseline_assertion(request, _session(request.config))


def _session(config: pytest.Config) -> Session:
    """Return what this run notes of baselines, made when the first test asks for one."""
    from gpusetup.testing.session import Session

    return config.stash.setdefault(_SESSION, Session())


def _noted(config: pytest.Config) -> Session | None:
    """Return what this run has noted at its end, None where no test asked for a baseline."""
    noted = config.stash.get(_SESSION, None)
    if noted is not None:
        noted.note_items(config.stash.get(_ITEMS, ()), config.args)
    return noted


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the list of what was collected, before tests are deselected."""
    config.stash[_ITEMS] = list(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker of xdist has noted to the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None and (noted := _noted(session.config)) is not None:
        output["gpusetup"] = noted.packed()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of xdist has noted."""
    packed = getattr(node, "workeroutput", {}).get("gpusetup")
    if packed:
        _session(node.config).take(packed)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the baselines that were written, and those that no test uses."""
    noted = _noted(config)
    if noted is not None:
        passed = [report.nodeid for report in terminalreporter.stats.get("passed", ())]
        for line in noted.summary(passed):
            terminalreporter.write_line(line)
