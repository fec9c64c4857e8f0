"""Takes out of what leaves the machine whatever names it, its people or its secrets.

Secrets become ``<secret>``. Names become stand-ins that are the same throughout one file (``user-1``, ``host-1``,
``GPU-uuid-1``), so that a reader still sees what belongs together, and a redacted `Machine` has the findings of the
original. Every pattern is linear in the text, which can be a stranger's.
"""

from gpusetup.redact.values import redacted, redacted_machine

__all__ = ["redacted", "redacted_machine"]
