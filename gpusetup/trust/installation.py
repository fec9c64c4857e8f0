"""Whether root may trust the running gpusetup: its files, and the folders from which Python imports modules."""

from __future__ import annotations

import os
import sys

from gpusetup.trust.paths import ROOT, Trust

KINDS = ("recipes", "containers", "checks")


def own_weakness(*, whole: bool = False) -> str:
    """Return why root should not trust it, "" if it may.

    This checks its folder and those in which Python looks for modules; with `whole` every file, including content. The
    user behind sudo chose this program, so that user's files are accepted.
    """
    caller = os.environ.get("SUDO_UID", "")
    trust = Trust(os.geteuid(), *((int(caller),) if caller.isdecimal() else ()))
    # the whole package, not only the sub-package of this module
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places = [here, *(place for place in sys.path if os.path.exists(place or "."))]
    reason = next(filter(None, map(trust.path, places)), "")
    if reason or not whole:
        return reason
    from gpusetup.content_dirs import content_root  # only before something is changed

    return next(filter(None, map(trust.tree, (here, *(str(content_root() / kind) for kind in KINDS)))), "")


def warn_of_own() -> None:
    """Warn root on stderr that another user could change the running gpusetup, before the rest is imported."""
    if sys.stderr is not None and (reason := own_weakness()):
        from gpusetup.text import neutral  # only where something is said

        sys.stderr.write(f"gpusetup: warning: {neutral(reason)}, so other users can change what root runs here\n")


def require_own_strength() -> None:
    """Raise `RefusedError` where root would change this machine with a gpusetup that another user could change."""
    if os.geteuid() == ROOT and (reason := own_weakness(whole=True)):
        from gpusetup.errors import RefusedError  # as above

        raise RefusedError(
            f"gpusetup changes nothing as root from here: {reason}, so other users can change what root runs",
            "remove that permission, or install gpusetup where only root can write",
        )
