"""The compatibility matrix in a real browser: the reason of a refused field at the focus, one card or framework."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from gpusetup.facts import facts
from gpusetup.resolve.matrix import every_card, matrix
from gpusetup.resolve.model import Request
from tests.report_page import pages
from tests.report_page.browser import Visit, opened
from tests.report_page.test_plan_page import DAY, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cards(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """Return the page of six cards, whose table is that of all, and two frameworks."""
    found = matrix(facts(), Request(cards=every_card(facts())[5:11], frameworks=("tensorflow", "jax")), DAY)
    with opened(browser, pages.written(tmp_path_factory.mktemp("cards"), shown(found))) as visit:
        yield visit


def test_a_refused_field_says_why_at_the_focus_and_escape_hides_it(cards: Visit) -> None:
    page = cards.page
    page.set_viewport_size({"width": 1440, "height": 900})
    link = page.locator("td.no a").first
    link.focus()
    number = int(link.inner_text())
    said = page.locator("#reason")
    reason = page.locator(f"[id$='-{number}'].why, ol.reasons > li").nth(number - 1).text_content() or ""
    assert (said.text_content() or "").strip() == reason.strip() != ""
    assert link.get_attribute("aria-describedby") == "reason"
    page.keyboard.press("Escape")
    assert said.is_hidden()
    page.locator("td.no a").nth(3).hover()
    assert said.is_visible()


def test_one_card_and_one_framework_alone(cards: Visit) -> None:
    page = cards.page
    count = page.locator("table.fields thead th").count() - 3
    assert count == 6
    page.locator("select[data-show=column]").select_option("2")
    assert page.locator("table.fields thead th:visible").count() == 4
    page.locator("select[data-show=group]").select_option(label="JAX")
    assert page.locator("table.fields tbody:visible").count() == 1
    page.locator("select[data-show=column]").select_option("")
    assert page.locator("table.fields thead th:visible").count() == 3 + count
