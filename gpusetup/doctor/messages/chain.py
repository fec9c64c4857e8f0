"""Which failure came first: later messages of the same GPU that report a consequence are its echo."""

from __future__ import annotations

import re

from gpusetup.doctor.messages.rows import Judged

HEAD = r"^(?:.*?\bkernel: *+)?(?:<\d++> *+)?(?:\[(?:[ \d.+]++|[ TC\d]++|[A-Z][a-z]{2}[^\]]*+|\d{4}-[^\]]*+)\] *+)*"
"""What a logger and the kernel write before a message: host, level, seconds or date, thread."""
FAILURES = frozenset({
    "LOG002", "LOG003", "LOG004", "LOG005", "LOG006", "LOG007", "LOG008", "LOG009", "LOG101", "LOG102", "LOG201",
    "LOG202", "LOG203", "LOG204", "LOG205", "LOG206", "LOG207", "LOG208", "LOG211", "LOG212", "LOG213", "LOG217",
    "LOG219", "LOG225",
})  # fmt: skip
"""Rules whose errors mean that a GPU, or the driver as a whole, does not work: other messages may follow from them."""
OF_ONE_GPU = frozenset({"LOG002", "LOG003", "LOG201", "LOG202", "LOG208", "LOG211", "LOG212", "LOG213"})
"""Rules whose messages always mean one GPU, also where they do not name it, or as ``GPU0`` by the driver's count."""
_HINT = r"(?i):[0-9a-f]{2}[:.]"
"""Part of every address; a pattern that begins with a literal character is found fifty times faster."""
_ADDRESS = r"\b([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2})\b|\b([0-9a-f]{2}:[0-9a-f]{2})\.[0-7]\b"


def body(text: str) -> str:
    """Return a message without what a logger writes before it."""
    return re.sub(HEAD, "", text, count=1)


def address(text: str) -> str:
    """Return the PCI address that a message names, ``0000:01:00``, without its function; "" for none."""
    if re.search(_HINT, text) is None or re.search(_ADDRESS, text.lower()) is None:
        return ""  # most messages name none, and the head is dear to take off
    found = re.search(_ADDRESS, body(text).lower())
    return f"{(found[1] or '0000')[-4:]}:{found[2] or found[3]}" if found else ""


def of_other_function(text: str) -> bool:
    """Say whether a message names a function of a card that is not its GPU (function 0): audio, USB."""
    found = re.search(r"\b(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.([0-7])\b", body(text).lower())
    return found is not None and found[1] != "0"


def card(gpu: str) -> str:
    """Return the subject for a GPU as a message names it (``0000:01:00``): its card's PCI address, with the function.

    The driver leaves the function out (it is 0), the PCI bus and every other rule do not.
    """
    found = address(f"{gpu.lower()}.0") if "." not in gpu else address(gpu)
    return f"PCI {found}.0" if found else f"PCI {gpu}"


class Chain:
    """The first failure of each GPU since the module was loaded; a message may name no GPU ("")."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._explained: dict[tuple[str, str], str] = {}

    def forget(self) -> None:
        """Note that the module was loaded anew, and each GPU initialised with it: what failed before is over."""
        self._first.clear()
        self._explained.clear()

    def event(self, gpu: str, xid: str) -> str:
        """Note an Xid, and return the rule that reported what it follows from; "" for none."""
        from gpusetup.doctor.messages.xids import fails_the_gpu  # only where the log has one

        cause = self._explained.get((gpu, xid)) or self._explained.get(("", xid), "")
        if rule := fails_the_gpu(xid):
            self._first.setdefault(gpu, cause or rule)
        return cause

    def cause(self, judged: Judged, gpu: str) -> str:
        """Return the rule that reported this GPU's first failure, if the message is an echo; note it else."""
        if judged.row.echo and (first := self._known(gpu)):
            return first
        self._explained.update({(gpu, xid): judged.rule for xid in judged.row.explains})
        if judged.rule in FAILURES and judged.row.state in {"", "error"}:
            self._first.setdefault(gpu, judged.rule)
        return ""

    def _known(self, gpu: str) -> str:
        """Return the first failure of this GPU, or one of which no GPU is known."""
        if not gpu:
            return next(iter(self._first.values()), "")
        return self._first.get(gpu) or self._first.get("", "")
