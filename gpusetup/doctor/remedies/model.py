"""`RemedyRow`: one remedy as its table in a TOML file says it, which commands go with which system, what it changes.

Texts and commands hold the finding's values in braces; in commands they are quoted for the shell. `commands` and
`texts` are by system, in the order of `gpusetup.doctor.remedies.system_kind`: the kind of container, WSL, the kind of
image, the distribution's own ID, its families, ``any``.

A remedy has either `changes`, the readings that are other once it is done, or the reason why no reading of this host
is (`unchanged`). The tests lay `changes` over every host on which a rule names the remedy, and the rule must then
find nothing. Its keys are paths into the saved machine, with ``/`` between the names:

- ``name=VALUE`` and ``*`` choose entries of a list (``*`` at the end: all of them are the value); in a list of pairs a
  name stands for the pair of that name;
- a path that ends in ``+`` adds to a list (entries of the same name or path are replaced), in ``-`` drops the entries
  that hold one of the texts, in ``~`` removes the key;
- a value ``@PATH`` is what stands at another path.
"""

from __future__ import annotations

from gpusetup.value import Value

HOST = "host"
Scalar = str | int | float | bool
Entry = Scalar | list[Scalar | list[Scalar]] | dict[str, Scalar]
Change = Scalar | list[Entry]


class RemedyRow(Value):
    """One remedy; `source` is the document its commands come from."""

    text: str
    source: str
    commands: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies an empty default
    texts: dict[str, str] = {}  # noqa: RUF012
    """What stands for `text` on one kind of system."""
    changes: dict[str, Change] = {}  # noqa: RUF012
    unchanged: str = ""
    """Why no reading of this host is other once it is done, a name in ``unchanged.json``; "" where `changes` says."""
    container: str = ""
    """Inside a container: another remedy that takes its place, or ``host``, where it is done instead."""
    instead: dict[str, str] = {}  # noqa: RUF012
    """By the circumstance (`gpusetup.doctor.remedies.situations`) the remedy that takes its place."""
    by_hand: str = ""
    """Why it is left to a person, a name in ``reasons.json``; "" for one that has a `step`."""
    step: dict[str, tuple[str, ...]] | None = None
    """By system what ``--fix --apply`` runs where it differs from the printed commands; empty: those are run."""
    undo: tuple[str, ...] = ()
    """What takes it back beyond what the commands note themselves (``recipes/doctor/``)."""
    check: str = ""
    """What is looked at instead of the rule."""
    manual: str = ""
    """What remains for a person after the step."""
    login: bool = False
    """The rule is asked again in a new login; of what only a login shows, no other remedy is carried out."""
    under: tuple[str, ...] = ()
    """Folders in which a path that the finding names must lie, where root changes what is there."""
    wish: bool = False
    """Carried out only where its rule was named: what is found may be wanted."""
