"""How large pages of reports are and how soon they can be read, and whether everybody can use each of them.

Every result of the tests is shown in Chromium at three widths, in light and dark: no request, no complaint of the
console, no violation of axe, nothing to scroll sideways. The time to open is that from the navigation to the first
contentful paint, and to the last chart; the median of a few openings. Proofs and other results named as arguments are
shown as well. Exits 1 when a page is larger than 2 MB, takes more than a second to be readable, or has a fault.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the pages are those of the tests

from gpusetup.report.page.read import read_results
from tests.report_page import pages
from tests.report_page.browser import chromium as start
from tests.report_page.browser import opened
from tests.support import found

SIZE = 2_000_000
SECONDS = 1.0
OPENINGS = 3
SAVED = ("proof.json", "repro.json", "fleet.json")
"""Saved results of `SAMPLES` that are shown as well."""
SAMPLES = Path(__file__).resolve().parent.parent / "tests/samples"
_TIMES = """
  (() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return [paint ? paint.startTime : 1e9, performance.timing.loadEventEnd - performance.timing.navigationStart];
  })()
"""


def main(files: list[str]) -> int:
    path = found("chromium")
    if path is None:
        print("chromium is not installed")
        return 1
    texts = {name: made() for name, made in pages.PAGES.items()}
    for file in [*(str(SAMPLES / name) for name in SAVED), *files]:
        texts[Path(file).name] = pages.html(*(one.value for one in read_results([Path(file)])))
    print(f"{'page':34} {'kB':>6} {'painted':>9} {'loaded':>9}  faults")
    with start(path) as browser, tempfile.TemporaryDirectory() as folder:
        fine = [_fine(browser, name, text, Path(folder)) for name, text in texts.items()]
    return int(not all(fine))


def _fine(browser: object, name: str, text: str, folder: Path) -> bool:
    file = pages.written(folder, text)
    times: list[list[float]] = []
    faults: list[str] = []
    for turn in range(OPENINGS):
        with opened(browser, file) as visit:
            times.append([one / 1000 for one in visit.page.evaluate(_TIMES)])
            if turn == 0:
                faults = [*map(str, visit.too_wide()), *visit.barriers(), *visit.marks(), *visit.complaints]
                faults += visit.requests[1:]
    size, painted, loaded = len(text.encode()), *(median(one) for one in zip(*times, strict=True))
    print(f"{name:34} {size / 1000:6.0f} {painted:7.2f} s {loaded:7.2f} s  {faults or 'none'}", flush=True)
    return not faults and size <= SIZE and painted <= SECONDS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
