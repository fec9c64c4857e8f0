"""What every test shares: how the command is run, what is printed about a run, and that CI forbids skips."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import EVERYTHING, SEED, Run, examples
from tests.warm_command import COLD, Warm

# No test is timed: how long an example takes says more of what else the machine does.
settings.register_profile("gpusetup", examples(100))
settings.load_profile("gpusetup")

pytest_plugins = [
    "pytester",
    "tests.each",
    "tests.fake_driver",
    "tests.leftovers",
    "tests.own_process",
    "tests.processor_time",
    "tests.strangers",
    "tests.tiers",
]

# Some machines forbid compiled modules to be kept. Every command that a test starts would then compile all of gpusetup
# anew, which takes three times as long as the command itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    # Background jobs are started with these ignored, and each child inherits it: no test could send them.
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Return the process of this session that has the command imported."""
    process = Warm()
    yield process
    process.end()


@pytest.fixture
def gpusetup(request: pytest.FixtureRequest, warm: Warm) -> Run:
    """Run the installed command; returns the completed process with its text."""
    script = str(Path(sys.executable).with_name("gpusetup"))
    cold = request.path.name in COLD

    def run(
        *args: str | Path, env: dict[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GPUSETUP_")} | (env or {})
        words = [script, *map(str, args)]
        if not cold and warm.can_run(clean):
            return warm.run(words, clean, timeout)
        return subprocess.run(words, capture_output=True, text=True, timeout=timeout, env=clean, check=False)

    return run


def pytest_report_header() -> str:
    return "samples: all there is to draw" if EVERYTHING else f"samples: drawn with GPUSETUP_TESTS_SEED={SEED}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    stats = terminalreporter.stats
    if (stats.get("failed") or stats.get("error")) and not EVERYTHING:
        terminalreporter.write_line(f"the same samples again: GPUSETUP_TESTS_SEED={SEED}")
    if (skipped := stats.get("skipped")) and os.environ.get("GPUSETUP_TESTS_FORBID_SKIPS"):
        terminalreporter.write_line(f"{len(skipped)} skipped, and skips are forbidden here", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("GPUSETUP_TESTS_FORBID_SKIPS") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
