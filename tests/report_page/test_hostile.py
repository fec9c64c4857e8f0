"""Ten thousand hostile texts in every place of a result: none runs, asks another host, or becomes markup."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from markupsafe import Markup
from msgspec.structs import replace

from gpusetup.doctor.finding import Report
from gpusetup.machine.model import Distribution, Machine
from gpusetup.report.page import assemble
from tests.report_page import pages
from tests.report_page.browser import opened
from tests.report_page.hostile import Spoiler, strings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

COUNT = 10_000
_PACKAGES = 1_500
PLAIN = ("</script><script>mark(1)</script>", "<img src=x onerror=mark(1)>", "<svg onload=mark(1)>")
"""Those that hide nothing of what follows: where they get through, that is seen whatever was drawn."""


class Markings(HTMLParser):
    """The elements of a page with their attributes, as a browser's parser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src", "action"}}


def results(texts: list[str], packages: int = _PACKAGES) -> tuple[Spoiler, Machine, Report]:
    """Return a machine and a report that hold all `texts`; the log's times stay, or no chart would be drawn."""
    spoiler = Spoiler(texts)
    sick = pages.lost()
    found = tuple(Distribution(name=f"p{n}", version="1", location="/x", cuda="1") for n in range(packages))
    machine = spoiler.spoilt(replace(sick, distributions=found))
    log = tuple(f"[    {n}.100000] NVRM: Xid {text}" for n, text in enumerate(texts[:400]))
    kernel = replace(machine.system.kernel, log=log)
    report = spoiler.spoilt(pages.failing())
    first = replace(report.findings[0], evidence=log[:50])
    spoiler.used += len(log)
    machine = replace(machine, read_at="now", system=replace(machine.system, kernel=kernel))
    return spoiler, machine, replace(report, at="now", findings=(first, *report.findings[1:]))


@pytest.fixture(scope="module")
def spoilt() -> str:
    """Return the page of results that hold all of them."""
    spoiler, machine, report = results(strings(COUNT))
    html = pages.html(machine, report)
    assert spoiler.used >= COUNT
    return html


def test_there_are_as_many_as_it_says() -> None:
    assert len(set(strings(COUNT))) == COUNT


def test_none_becomes_markup(spoilt: str) -> None:
    """The page has the elements and attributes of our templates, and scripts as many as a page without them."""
    tame = Markings(pages.html(*results(["x"])[1:]))
    found = Markings(spoilt)
    assert found.elements["script"] == tame.elements["script"]
    assert found.elements.keys() <= tame.elements.keys() | {"details", "summary"}
    assert not {name for name in found.attributes if name.startswith("on") or name == "style"}
    assert {link.partition(":")[0] for link in found.links if not link.startswith("#")} <= {"https"}


@pytest.mark.slow
def test_none_runs_in_a_browser(spoilt: str, browser: Browser, tmp_path: Path) -> None:
    file = pages.written(tmp_path, spoilt)
    with opened(browser, file) as visit:
        assert visit.page.locator(".chart svg").count() == 1
        visit.page.locator(".mark-symbol.role-mark path").first.hover(force=True)
        visit.page.wait_for_selector("#vg-tooltip-element.visible")
        assert visit.marks() == []
        assert visit.requests == [file.as_uri()]
        assert visit.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("hole", ["templates", "data"])
def test_a_hole_is_seen(hole: str, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same page with the escapes of the templates, or of the data of charts, left out."""
    if hole == "templates":
        whole = assemble._environment

        def environment() -> Any:
            made = whole()
            made.autoescape = False
            return made

        monkeypatch.setattr(assemble, "_environment", environment)
    else:
        import json

        monkeypatch.setattr(assemble, "json_data", lambda value: Markup(json.dumps(value)))
    html = pages.html(results(list(PLAIN), 1)[1])
    tame = Markings(pages.html(results(["x"], 1)[1]))
    assert Markings(html).elements["script"] > tame.elements["script"]
    file = pages.written(tmp_path, html)
    page = browser.new_page()
    page.add_init_script("window.seen = 0; addEventListener('securitypolicyviolation', () => { window.seen += 1; })")
    page.goto(file.as_uri())
    page.wait_for_timeout(200)
    assert page.evaluate("window.seen") > 0
    page.close()
