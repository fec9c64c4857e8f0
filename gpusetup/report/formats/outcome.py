"""What a command found: one outcome for each thing that was judged, whatever the format it is shown in."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["passed", "noted", "info", "warning", "failed", "unknown", "skipped"]
"""``unknown`` is what could not be checked, ``noted`` what passed with something to be said of it."""


class Outcome(Struct, frozen=True, kw_only=True):
    """One judgement.

    `rule` says what was judged and `subject` of what; `group` and `name` are both in JUnit's words, where a case has a
    class and a name. `silenced` is why it does not count. `path` and `line` are where in the user's program it
    is to be looked for ("" and 0: nowhere).
    """

    rule: str
    subject: str
    group: str
    name: str
    state: State
    message: str
    details: tuple[str, ...] = ()
    slug: str = ""
    help: str = ""
    silenced: str = ""
    path: str = ""
    line: int = 0


class Outcomes(Struct, frozen=True, kw_only=True):
    """All outcomes of one run of `program` (``gpusetup doctor``), and its `headline`."""

    program: str
    version: str
    headline: str
    rows: tuple[Outcome, ...]
    properties: dict[str, str] = {}
