"""These tests need a real card. Without one they are not collected, and the session's header says so."""

from __future__ import annotations

import pynvml


def _cards() -> int:
    """Return how many cards the driver lists; a library without a card at work behind it counts as none."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    finally:
        pynvml.nvmlShutdown()


collect_ignore_glob = [] if _cards() else ["test_*.py"]


def pytest_report_header() -> str:
    return "gpu: a card is here" if not collect_ignore_glob else "gpu: the driver lists no card, tests/gpu is left out"
