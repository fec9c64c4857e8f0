"""JUnit XML, which every CI server shows: one test case for each thing that was judged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.report.formats.outcome import Outcome, Outcomes

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))
_ELEMENTS = {"failed": "failure", "unknown": "error", "skipped": "skipped"}
"""What could not be checked is an error of the test. All else passes, some of it with output."""


def junit(found: Outcomes) -> str:
    """Return the XML document of a suite."""
    elements = [_ELEMENTS.get(one.state) for one in found.rows]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="{escape(found.program)}" tests="{len(found.rows)}" failures="{elements.count("failure")}" '
        f'errors="{elements.count("error")}" skipped="{elements.count("skipped")}">\n'
    )
    return head + "".join(map(_case, found.rows)) + "</testsuite>\n"


def escape(text: str) -> str:
    """Return `text` for an attribute or the content of an element."""
    safe = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", neutral(text))
    for char, entity in _ENTITIES:
        safe = safe.replace(char, entity)
    return safe


def _case(one: Outcome) -> str:
    head = f'  <testcase classname="{escape(one.group)}" name="{escape(one.name)}"'
    message, said = escape(one.message), escape("; ".join(one.details))
    match one.state:
        case "failed" | "unknown":
            element = _ELEMENTS[one.state]
            inner = f'<{element} message="{message}">{said}</{element}>'
        case "skipped":
            inner = f'<skipped message="{escape(one.silenced) or message}"/>'
        case "warning" | "info":
            inner = f"<system-out>{one.state}: {message}{'; ' if said else ''}{said}</system-out>"
        case "noted":
            inner = f"<system-out>{message}</system-out>"
        case _:
            return f"{head}/>\n"
    return f"{head}>\n    {inner}\n  </testcase>\n"
