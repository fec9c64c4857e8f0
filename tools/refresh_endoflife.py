"""Refreshes lifecycles from endoflife.date: driver branches and Fedora releases.

    python -m tools.refresh_endoflife [--write] [URL]

The API serves ``{"result": {"releases": [{"name", "releaseDate", "isLts", "eolFrom", "latest": {"name", "date"}}]}}``
for each product (https://endoflife.date/docs/api/v1/). Nothing is added: a branch that lacks is named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

from gpusetup.errors import CannotLookError
from gpusetup.facts import facts, systems
from gpusetup.versions import dotted
from tools import upstream
from tools.rows import Row, apply, merge

URL = "https://endoflife.date/api/v1/products"
SOURCE = "https://endoflife.date/docs/api/v1/"


def branches(rows: list[Row], url: str, today: date) -> Iterator[str]:
    """Correct the dates and the newest release of every driver branch."""
    known = {row["branch"]: row for row in rows}
    for release in releases(url, "nvidia-driver"):
        name = str(release["name"]).removeprefix("R")
        latest = release.get("latest") or {}
        if name not in known:
            yield f"branch {name} has no row: what it drives has to be read by hand"
            continue
        found = {"released": day(release.get("releaseDate")), "eol": day(release.get("eolFrom")),
                "latest": latest.get("name"), "latest_date": day(latest.get("date"))}  # fmt: skip
        yield from merge(known[name], found, SOURCE, today)


def of_distribution(rows: list[Row], today: date, url: str, distribution: str) -> Iterator[str]:
    """Correct the dates of every release of a distribution, by the product of the same name."""
    known = {row["release"]: row for row in rows if row["distribution"] == distribution}
    for release in releases(url, distribution):
        name = str(release["name"])
        if name in known:
            found = {"released": day(release.get("releaseDate")), "eol": day(release.get("eolFrom"))}
            yield from merge(known[name], found, SOURCE, today)
        elif name.isdecimal() and dotted(name) > max(map(dotted, known)):
            yield f"{distribution} {name} has no row: its compiler, Python and repositories have to be read by hand"


def releases(url: str, product: str) -> list[dict[str, Any]]:
    """Return the releases of one product, as the API lists them."""
    try:
        found: list[dict[str, Any]] = json.loads(upstream.get(f"{url}/{product}"))["result"]["releases"]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotLookError(f"{url}/{product} is not a list of releases: {error!r}") from error
    return found


def day(text: str | None) -> date | None:
    """Return a date as the API writes it, None when it gives none."""
    return date.fromisoformat(text) if text else None


def main() -> None:
    """Print every change; write them with ``--write``."""
    url = next((word for word in sys.argv[1:] if not word.startswith("-")), URL)
    apply("branch", lambda rows, today: branches(rows, url, today))
    for name in systems.names(facts()):
        apply("release", partial(of_distribution, url=url, distribution=name))


if __name__ == "__main__":
    main()
