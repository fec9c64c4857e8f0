"""These tests need a real card. Without one they are not collected, and the last line of the run says so."""

from __future__ import annotations

import pynvml
import pytest

from tests.gpu.usable import describe, obstacles

FOUND = pytest.StashKey[dict[str, str]]()


def _missing() -> str:
    """Return why there is no card to test, or ""; a library without a card at work behind it counts as none."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return str(error)
    try:
        return "" if pynvml.nvmlDeviceGetCount() else "the driver lists no card"
    except pynvml.NVMLError as error:
        return str(error)
    finally:
        pynvml.nvmlShutdown()


MISSING = _missing()
collect_ignore_glob = ["test_*.py"] if MISSING else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was tested and what not, with -q too."""
    if MISSING:
        terminalreporter.line(f"gpu: nothing was tested, as there is no NVIDIA card here ({MISSING})")
    elif FOUND in config.stash:
        terminalreporter.line(f"gpu: tested {describe(config.stash[FOUND])}")


@pytest.fixture(scope="session")
def frameworks(request: pytest.FixtureRequest) -> list[str]:
    """Return the frameworks whose builds here can use the card."""
    found = request.config.stash[FOUND] = obstacles()
    able = [framework for framework, why in found.items() if not why]
    if not able:
        pytest.skip("no framework of this Python can use the card")
    return able
