"""The probe: imports one framework and tells what it sees, loads and computes.

``python …/probe.py FRAMEWORK PIPE`` runs under whatever interpreter has the framework (Python 3.8 or newer) and needs
nothing of ours. It writes one JSON line to the pipe before every step (``["call", step]``) and one for every answer
(``["read", field, value]``), so that a step that hangs or crashes is known by its name.
"""

from __future__ import annotations

import importlib
import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))


def main(framework: str, pipe: int) -> None:
    """Import `framework`, tell everything about it and leave without its teardown, which nobody asked about."""
    # a folder of ours on the path could shadow a module of the framework's
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or ".") != HERE]
    package = types.ModuleType("gpusetup_probes")
    package.__path__ = [os.path.join(HERE, "probes")]
    sys.modules["gpusetup_probes"] = package
    look = importlib.import_module("gpusetup_probes.look").Look(pipe)
    look.at(lambda: importlib.import_module(f"gpusetup_probes.{framework}"))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
