"""A real browser that looks at pages: Debian's Chromium, driven by Playwright, and axe for accessibility."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (360, 768, 1440)
WATCH = """
  window.marks = []; window.violations = []; window.copied = [];
  window.mark = (why) => { window.marks.push(String(why)); };
  window.alert = window.confirm = window.prompt = window.mark;
  document.addEventListener("securitypolicyviolation", (event) => {
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
  });
  const writeText = async (text) => { window.copied.push(text); };
  Object.defineProperty(navigator, "clipboard", { value: { writeText } });
"""
"""Runs in each page before anything of it: what hostile text calls, and what the policy has stopped, is noted."""
_READY = "html[data-ready]"
AXE: dict[str, dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast"]},
}
"""Scheme → what axe looks at: nothing but the colours is other in the dark, and each look takes seconds."""


class Visit(NamedTuple):
    """A page that is open, and what happened while it was opened."""

    page: Page
    requests: list[str]
    complaints: list[str]
    """What the console and the page reported, of any severity."""

    def marks(self) -> list[str]:
        """Return what ran or tried to run although the page does not want it."""
        found: list[str] = self.page.evaluate("[...window.marks, ...window.violations]")
        return found

    def too_wide(self) -> list[int]:
        """Return the widths of `WIDTHS` at which the page has to be scrolled sideways."""
        found = []
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            if self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append(width)
        return found

    def barriers(self) -> list[str]:
        """Return axe's violations, in the dark of contrast alone, each with the first element it is about."""
        from axe_playwright_python.sync_playwright import Axe

        found = []
        for scheme, rules in AXE.items():
            self.page.emulate_media(color_scheme=scheme)
            answer: dict[str, Any] = Axe().run(self.page, options=rules).response
            found += [f"{scheme}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in answer["violations"]]
        return found


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Start the browser at `path`; only root, whom its sandbox refuses, goes without that.

    Containers give little shared memory: 64 MiB, of which a large page takes more.
    """
    from playwright.sync_api import sync_playwright

    arguments = ["--disable-gpu", "--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path, width: int = 1440) -> Iterator[Visit]:
    """Open `file` and wait until its charts are drawn."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    visit = Visit(page, [], [])
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))
    page.add_init_script(WATCH)
    page.goto(file.as_uri())
    page.wait_for_selector(_READY, timeout=60_000)  # a function would be evaluated, which the policy forbids
    yield visit
    page.close()
