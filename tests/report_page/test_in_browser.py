"""Pages in a real browser: nothing leaves them, nothing complains, and everybody can use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.report_page import pages
from tests.report_page.browser import Visit, opened
from tests.support import EVERYTHING, drawn

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
_AFRESH = """
  document.activeElement.blur(); scrollTo(0, 0); window.copied.length = 0;
  delete document.documentElement.dataset.theme;
  for (const one of document.querySelectorAll("details")) one.open = false;
"""


SHOWN = [one for one in pages.PAGES if EVERYTHING or one not in pages.DEAR]


@pytest.mark.parametrize("name", drawn("pages", SHOWN, 2))
def test_a_page_keeps_to_itself_fits_and_bars_nobody(name: str, browser: Browser, tmp_path: Path) -> None:
    file = pages.written(tmp_path, pages.PAGES[name]())
    with opened(browser, file) as visit:
        assert visit.too_wide() == []
        assert visit.barriers() == []
        assert visit.marks() == []
        assert visit.requests == [file.as_uri()]
        assert visit.complaints == []


def test_what_these_tests_look_for_is_found(browser: Browser, tmp_path: Path) -> None:
    """The same looks at a page with each of the faults."""
    bad = '<img src="https://example.org/x.png"><div style="width: 200vw; color: #ccc; background: #fff">faint</div>'
    spoilt = pages.html(pages.nothing()).replace("<main", f"{bad}<script>mark('ran')</script><main")
    with opened(browser, pages.written(tmp_path, spoilt)) as visit:
        assert visit.too_wide() == [360, 768, 1440]
        found = visit.barriers()
        assert any("image-alt" in one for one in found)
        assert any("color-contrast" in one for one in found)
        assert {one.split()[0] for one in visit.marks()} == {"img-src", "script-src-elem"}
        assert visit.complaints


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pages.written(tmp_path_factory.mktemp("sick"), pages.html(pages.lost()))


@pytest.fixture(scope="module")
def _open(browser: Browser, file: Path) -> Iterator[Visit]:
    with opened(browser, file) as visit:
        yield visit


@pytest.fixture
def sick(_open: Visit) -> Visit:
    """Return the page of a sick machine as it is when it was just opened."""
    _open.page.emulate_media(color_scheme="light", media="screen")
    _open.page.evaluate(_AFRESH)
    return _open


def test_the_keyboard_reaches_everything(sick: Visit) -> None:
    focused = [_pressed(sick, "Tab") for _ in range(60)]
    assert focused[0] == "a Skip to content"
    assert {"a Diagnosis", "a Readings", "button Dark", "button Copy"} <= set(focused)
    page = sick.page
    page.locator("details.bulk > summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.bulk").first.get_attribute("open") is not None


def _pressed(visit: Visit, key: str) -> str:
    visit.page.keyboard.press(key)
    found: str = visit.page.evaluate("`${document.activeElement.localName} ${document.activeElement.textContent}`")
    return found


def test_a_command_is_copied_as_it_is_shown(sick: Visit) -> None:
    shown = sick.page.locator(".command code").first.text_content()
    sick.page.locator(".command .copy").first.click()
    assert sick.page.evaluate("window.copied") == [shown]
    assert sick.page.locator("#said").text_content() == "Copied"


def test_light_and_dark_are_the_readers(sick: Visit) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = sick.page.evaluate(paper)
    sick.page.emulate_media(color_scheme="dark")
    dark = sick.page.evaluate(paper)
    sick.page.locator("#theme").click()
    assert [sick.page.evaluate(paper), dark != light] == [light, True]
    sick.page.emulate_media(color_scheme="dark", media="print")
    assert sick.page.evaluate(paper) == light


def test_paper_shows_what_was_folded(sick: Visit) -> None:
    page = sick.page
    folded = page.locator(".finding details:not([open])")
    assert folded.count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.count()
    page.emulate_media(media="print")
    assert not page.locator("header.top").is_visible()


def test_a_search_leaves_what_has_the_words(sick: Visit) -> None:
    sick.page.get_by_label("Search the readings").fill("locked memory")
    rows = sick.page.locator("#machine .row:visible")
    assert rows.count() == 1
    assert "locked_memory" in (rows.first.text_content() or "")
    sick.page.get_by_label("Search the readings").fill("")
    assert sick.page.locator("#machine .row:not([hidden])").count() > 50


def test_a_chart_is_drawn_from_its_rows(browser: Browser, sick: Visit, file: Path, tmp_path: Path) -> None:
    """A message more in the log is a point more in the drawing."""
    points = ".mark-symbol.role-mark path"
    drawn = sick.page.locator(points).count()
    text = file.read_text().replace('"datasets":{"messages":[', '"datasets":{"messages":['
                                    '{"seconds":7,"about":"Xid","finding":"no finding","message":"x"},')  # fmt: skip
    with opened(browser, pages.written(tmp_path, text)) as visit:
        assert visit.page.locator(points).count() == drawn + 1
        label = visit.page.locator(".chart svg[role=img]").get_attribute("aria-label") or ""
        assert label.startswith("Messages over time.")


def test_without_scripts_nothing_is_lost(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator(".finding h4").first.is_visible()
    assert not page.locator("button:visible").count()
    context.close()
