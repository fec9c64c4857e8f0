"""A proof in a real browser: what moves can be moved from the keyboard, and played, and draws something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.report_page import pages, proofs
from tests.report_page.browser import Visit, opened

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
_IMAGES = "[...document.querySelectorAll('#boundaries-rules image')].map((one) => one.getAttribute('href'))"


@pytest.fixture(scope="module")
def visit(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    folder: Path = tmp_path_factory.mktemp("proof")
    checks = [proofs.run(name, "reference", proofs.computed(name)) for name in ("boundary", "attribution")]
    with opened(browser, pages.written(folder, pages.html(proofs.proof(checks, proofs.passed())))) as visit:
        yield visit


def test_the_slider_shows_what_was_learned_from_fewer_points(visit: Visit) -> None:
    slider = visit.page.locator("#boundaries-rules input[type=range]")
    learned = visit.page.evaluate(_IMAGES)
    assert len(learned) == 9
    slider.focus()
    visit.page.keyboard.press("Home")
    visit.page.wait_for_timeout(200)
    before = visit.page.evaluate(_IMAGES)
    assert sum(one != other for one, other in zip(before, learned, strict=True)) >= 7


def test_play_goes_through_all_frames_and_stops(visit: Visit) -> None:
    visit.page.emulate_media(reduced_motion="no-preference")
    chart = visit.page.locator("#boundaries-rules")
    chart.get_by_role("button", name="Play").click()
    chart.get_by_role("button", name="Pause").wait_for()
    chart.get_by_role("button", name="Play").wait_for(timeout=60_000)
    assert chart.locator("input[type=range]").input_value() == "5"


def test_a_chart_that_is_folded_is_drawn_when_it_is_unfolded(visit: Visit) -> None:
    """A full proof has fifty: to draw them all would take seconds."""
    folded = visit.page.locator("#losses > details").nth(1)
    assert visit.page.locator("#losses > details").first.locator("svg").count() > 0
    assert folded.locator("svg").count() == 0
    folded.locator("summary").first.click()
    folded.locator("svg").first.wait_for()


def test_nothing_complains_and_a_chart_says_what_it_shows(visit: Visit) -> None:
    assert visit.complaints == []
    assert visit.marks() == []
    labels = visit.page.evaluate("[...document.querySelectorAll('.chart svg')].map((one) => one.ariaLabel)")
    assert len(labels) >= 4
    assert all(len(one) > 40 for one in labels)


def test_many_sections_are_a_menu_that_the_keyboard_opens_and_closes(visit: Visit) -> None:
    menu, keys = visit.page.locator(".menu"), visit.page.keyboard
    is_open = "document.querySelector('.menu').open"
    menu.locator("summary").focus()
    keys.press("Enter")
    assert visit.page.evaluate(is_open)
    keys.press("Tab")
    keys.press("Escape")
    assert not visit.page.evaluate(is_open)
    assert visit.page.evaluate("document.activeElement.localName") == "summary"
    keys.press("Enter")
    menu.get_by_role("link", name="Loss against").click()
    assert not visit.page.evaluate(is_open)
    assert visit.page.evaluate("location.hash") == "#losses"


def test_panels_share_the_width_that_there_is(visit: Visit) -> None:
    """At 1440 pixels more than the three that stand beside each other on a phone."""
    tops = visit.page.evaluate(
        "[...document.querySelectorAll('#boundaries-rules image')].map((one) => one.getBoundingClientRect().top)"
    )
    assert tops.count(min(tops)) > 3
