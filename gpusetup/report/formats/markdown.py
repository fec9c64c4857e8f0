"""Markdown: the summary of a CI job, or what is pasted into an issue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.report.formats.outcome import Outcome, Outcomes

TOLD = {"failed": "FAILED", "unknown": "NOT CHECKED", "warning": "WARNING", "info": "NOTE", "noted": "", "passed": ""}
SHOWN = 60
"""Outcomes of a kind that are listed; of thousands nobody reads more."""


def markdown(found: Outcomes) -> str:
    """Return the headline, every outcome that is not well with its details, and folded what passed."""
    lines = [f"**{escape(found.program)}:** {escape(found.headline)}", ""]
    for state in ("failed", "unknown", "warning", "info"):
        of_state = [one for one in found.rows if one.state == state]
        for one in of_state[:SHOWN]:
            lines += _told(one)
        if len(of_state) > SHOWN:
            lines.append(f"- {len(of_state) - SHOWN} more: {TOLD[state]}")
    well = [one for one in found.rows if one.state in {"passed", "noted"}]
    skipped = [one for one in found.rows if one.state == "skipped"]
    lines += [*_folded(f"{len(well)} passed", well), *_folded(f"{len(skipped)} skipped", skipped)]
    return "\n".join([*lines, ""])


def _told(one: Outcome) -> Iterator[str]:
    where = f" at {one.path}:{one.line}" if one.path else ""
    yield f"- **{TOLD[one.state]} {escape(one.rule)}** ({escape(one.subject + where)}): {escape(one.message)}"
    yield from (f"  - {escape(line)}" for line in one.details)


def _folded(title: str, rows: list[Outcome]) -> Iterator[str]:
    if rows:
        yield from ("", f"<details><summary>{title}</summary>", "")
        for one in rows[:SHOWN]:
            yield f"- {escape(f'{one.rule} ({one.subject}): {one.silenced or one.message}')}"
        if len(rows) > SHOWN:
            yield f"- and {len(rows) - SHOWN} more"
        yield from ("", "</details>")


def escape(text: str) -> str:
    """Escape what Markdown, its HTML or a mention could be made of."""
    safe = re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", neutral(text).replace("&", "&amp;").replace("<", "&lt;"))
    return safe.replace("@", "@\N{ZERO WIDTH SPACE}")
