"""Draws the pictures of report pages for the documentation: ``python -m tools.report_pictures [NAME...]``.

Needs the extra ``tools`` and Chromium. Each picture is what the browser shows of a page of a saved result, in light, as
wide as a desktop's window.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from gpusetup.report.page.assemble import About, page
from gpusetup.report.page.diagnosed import diagnosed
from gpusetup.report.page.read import read_results
from gpusetup.report.page.sections import sections
from tests.doctor.public_reports import replay, reports
from tests.report_page.browser import chromium
from tests.support import found

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "docs/images"
MOST = 150_000
"""Bytes of a picture: the README is read on phones too."""


class Picture(NamedTuple):
    """A file of `PLACE`, the page that it shows, and how high it is in pixels of the page."""

    file: str
    result: str
    """A public report of ``tests/doctor/reports``, or a file of ``tests/samples``."""
    height: int
    scale: float = 1
    """Pixels of the picture for one of the page."""


PICTURES = {
    "sick": Picture("report-sick.png", "fedora-secure-boot-without-a-key", 1000),
    "proof": Picture("report-proof.png", "proof.json", 1500, 0.75),
}
WIDTH = 1180


def main(names: list[str]) -> int:
    """Draw the pictures `names`, or all."""
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium(str(found("chromium"))) as browser:
        for name in names or PICTURES:
            one = PICTURES[name]
            file = Path(folder, "page.html")
            file.write_text(_page(one.result, Path(folder)), encoding="utf-8")
            size = {"width": WIDTH, "height": one.height}
            shown = browser.new_page(viewport=size, device_scale_factor=one.scale, color_scheme="light")
            shown.goto(file.as_uri())
            shown.wait_for_selector("html[data-ready]")
            shown.screenshot(path=PLACE / one.file)
            weight = (PLACE / one.file).stat().st_size
            click.echo(f"{PLACE / one.file}: {weight} bytes")
            if weight > MOST:
                click.echo(f"more than {MOST} bytes", err=True)
                return 1
    return 0


def _page(result: str, folder: Path) -> str:
    if result.endswith(".json"):
        results = read_results([ROOT / "tests/samples" / result])
    else:
        saved = folder / "machine.json"
        replay([(reports()[result], saved)], ROOT)
        results = read_results([saved])
    whole = list(diagnosed(results))
    title = next((one.value.machine for one in whole if hasattr(one.value, "areas")), "Proof")
    return page(sections(whole), About(title, "2026-11-30 12:00 UTC", "0.1.0", redacted=True, sources=(result,)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
