"""What a section hands to its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpusetup.report.page.model import Section


def listed(section: Section, name: str) -> list[Any]:
    """Return what a section hands to its template under `name`."""
    found = section.view[name]
    assert isinstance(found, list)
    return found
