"""Whether root may rely on the very gpusetup that runs: on its files, and where its Python looks for modules."""

from __future__ import annotations

import os
import sys

from gpusetup.trust.paths import ROOT, Trust

KINDS = ("recipes", "containers", "checks")


def own_weakness(*, whole: bool = False) -> str:
    """Return why root should not rely on it, "" when it may.

    Looked at is its folder, and those that Python looks for modules in; with `whole` each of its files, content and
    all. Whoever called sudo chose this program, so that theirs may be run.
    """
    caller = os.environ.get("SUDO_UID", "")
    trust = Trust(os.geteuid(), *((int(caller),) if caller.isdecimal() else ()))
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places = [here, *(place for place in sys.path if os.path.exists(place or "."))]
    reason = next(filter(None, map(trust.path, places)), "")
    if reason or not whole:
        return reason
    from gpusetup.content_dirs import content_root  # only before something is changed

    return next(filter(None, map(trust.tree, (here, *(str(content_root() / kind) for kind in KINDS)))), "")


def warn_of_own() -> None:
    """Tell root on stderr that somebody else could change the gpusetup that runs, before the rest of it loads."""
    if sys.stderr is not None and (reason := own_weakness()):
        from gpusetup.text import neutral  # only where something is said

        sys.stderr.write(f"gpusetup: warning: {neutral(reason)}, so that others decide what root runs here\n")


def require_own_strength() -> None:
    """Raise `RefusedError` where root is to change this machine with a gpusetup that somebody else could change."""
    if os.geteuid() == ROOT and (reason := own_weakness(whole=True)):
        from gpusetup.errors import RefusedError  # as above

        raise RefusedError(
            f"this gpusetup changes nothing as root: {reason}, so that others decide what root runs here",
            "take that right away, or install gpusetup where root alone can write",
        )
