"""The values of this room: what was set, what was too late, and what nothing here can promise."""

from __future__ import annotations

from typing import Literal

from gpusetup.value import Value


class DeterminismWarning(UserWarning):
    """A switch that was set has no effect, or was set too late."""


class Switch(Value):
    """A switch that does not do what it says.

    ``no effect``: nothing reads it, or not this value; ``misspelt``: its name is nearly a known one; ``too late``: it
    was read before it was set; ``limited``: it does less than its name says; ``unknown``: that cannot be found out.
    """

    name: str
    value: str
    state: Literal["no effect", "misspelt", "too late", "limited", "unknown"]
    why: str
    instead: str
    source: str

    def __str__(self) -> str:
        shown = f"{self.name}={self.value}" if self.value else self.name
        return f"{shown}: {self.state}, {self.why}; {self.instead}"


class Settings(Value):
    """What `seed_everything` or `deterministic` did in this process.

    `done` lists what was set, `waiting` the libraries that will be set when they are imported, `switches` what was set
    by anybody and has no effect, and `remains` what can differ all the same.
    """

    seed: int | None
    done: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()
    remains: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as lines for a person."""
        rows = [("set", self.done), ("when imported", self.waiting)]
        rows += [("has no effect", tuple(map(str, self.switches))), ("can still differ", self.remains)]
        width = max(len(title) for title, _ in rows)
        lines = [
            f"{'' if number else title:<{width}}  {text}" for title, texts in rows for number, text in enumerate(texts)
        ]
        return "\n".join(lines)
