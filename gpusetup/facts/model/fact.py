"""`Fact`: the fields that every row of every table has."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from gpusetup.value import Value

Name = Annotated[str, Meta(min_length=1)]


class Fact(Value):
    """One row: a stable id, its source, the day it was read, and when it expires.

    `expires` is None for history, which does not change. `as_of` is the date of the source itself, as written there: a
    row read today can be from a page of last year.
    """

    id: Name
    source: Annotated[tuple[Name, ...], Meta(min_length=1)]
    read_on: date
    expires: date | None = None
    as_of: str = ""
    note: str = ""
