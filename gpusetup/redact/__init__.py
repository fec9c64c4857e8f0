"""Removes the names of the machine and its users, and secrets, from what leaves the machine.

Secrets become ``<secret>``. Names become stand-ins that are the same throughout one file (``user-1``, ``host-1``,
``GPU-uuid-1``), so that a reader still sees what belongs together, and a redacted `Machine` has the same findings as
the original. Every pattern takes time linear in the text, which may be untrusted.
"""

from gpusetup.redact.results import redacted_result
from gpusetup.redact.values import redacted, redacted_machine

__all__ = ["redacted", "redacted_machine", "redacted_result"]
