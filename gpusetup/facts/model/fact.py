"""`Fact`: what every row of every table has."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from gpusetup.value import Value

Name = Annotated[str, Meta(min_length=1)]


class Fact(Value):
    """One row: a stable id, where it was read, on which day, and until when it is to be believed.

    `expires` is None for history, which does not change. `as_of` is the date the source itself bears, as it writes it;
    a row read today can rest on a page of last year.
    """

    id: Name
    source: Annotated[tuple[Name, ...], Meta(min_length=1)]
    read_on: date
    expires: date | None = None
    as_of: str = ""
    note: str = ""
