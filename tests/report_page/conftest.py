"""What the tests of pages share: one browser for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.report_page.browser import chromium
from tests.support import module, tool

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a file, not of the session: Playwright keeps an event loop running, and no other test could start one."""
    module("playwright")
    module("axe_playwright_python")
    with chromium(tool("chromium")) as started:
        yield started
