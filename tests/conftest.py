"""What every test shares: where things are, how the command is run, and that CI forbids skips."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import Run

pytest_plugins = ["tests.fake_driver", "tests.strangers"]

for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    # Background jobs are started with these ignored, and each child inherits it: no test could send them.
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


@pytest.fixture
def gpusetup() -> Run:
    """Run the installed console script; returns the completed process with its text."""
    script = Path(sys.executable).with_name("gpusetup")

    def run(
        *args: str | Path, env: dict[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GPUSETUP_")}
        return subprocess.run(
            [script, *map(str, args)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=clean | (env or {}),
            check=False,
        )

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("GPUSETUP_TESTS_FORBID_SKIPS"):
        terminalreporter.write_line(f"{len(skipped)} skipped, and skips are forbidden here", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("GPUSETUP_TESTS_FORBID_SKIPS") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
