"""JUnit XML, which every CI server shows: one test case for each thing that was judged.

What a host or a run says is made neutral first (one line, no control characters) and then escaped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))


class TestCase(NamedTuple):
    """One test case: what JUnit makes of it, a short message, and all that is to be said."""

    group: str
    name: str
    outcome: Literal["passed", "failure", "error", "skipped", "noted"]
    message: str = ""
    said: Sequence[str] = ()
    seconds: float | None = None


def suite(name: str, cases: Sequence[TestCase]) -> str:
    """Return the XML document of a suite."""
    count = {one: sum(case.outcome == one for case in cases) for one in ("failure", "error", "skipped")}
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="{escape(name)}" tests="{len(cases)}" failures="{count["failure"]}" '
        f'errors="{count["error"]}" skipped="{count["skipped"]}">\n'
    )
    return head + "".join(map(_case, cases)) + "</testsuite>\n"


def escape(text: str) -> str:
    """Return `text` for an attribute or the content of an element."""
    safe = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", neutral(text))
    for char, entity in _ENTITIES:
        safe = safe.replace(char, entity)
    return safe


def _case(case: TestCase) -> str:
    time = "" if case.seconds is None else f' time="{case.seconds:.3f}"'
    head = f'  <testcase classname="{escape(case.group)}" name="{escape(case.name)}"{time}'
    said, message = escape("; ".join(case.said)), escape(case.message)
    match case.outcome:
        case "failure" | "error":
            inner = f'<{case.outcome} message="{message}">{said}</{case.outcome}>'
        case "skipped":
            inner = f'<skipped message="{message}"/>'
        case "noted":
            inner = f"<system-out>{said}</system-out>"
        case _:
            return f"{head}/>\n"
    return f"{head}>\n    {inner}\n  </testcase>\n"
