"""Addresses in texts as links: only those that lead to a public server of software or its documentation.

A result may come from anybody, so that any other address stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from gpusetup.redact.domains import is_public
from gpusetup.text import neutral

_URL = re.compile(r"https://([a-z0-9.-]{1,253})(?=[/?#\s,;)]|\Z)[\w/?#%&=~+.:()@!*'-]*", re.ASCII)
"""Without a login and without a port, and in ASCII, so that an address leads where it seems to lead."""
_AFTER = ".,;:)]}'\"<>"
"""What ends a sentence around an address, and no address."""
_MORE = frozenset(("arxiv.org", "docs.cupy.dev", "huggingface.co", "numpy.org", "reviews.llvm.org"))
"""Hosts that our own facts and checks name beside the servers that redaction knows as public."""


def linked(text: str) -> Markup:
    """Return `text`, neutral and escaped, with its addresses of known public servers as links."""
    return Markup("").join(_pieces(text))


def _pieces(text: str) -> Iterator[Markup]:
    done = 0
    for found in _URL.finditer(text):
        address = found[0].rstrip(_AFTER)
        if _is_known(found[1]):
            yield escape(neutral(text[done : found.start()]))
            yield Markup('<a href="{0}" rel="noreferrer noopener">{0}</a>').format(address)
            done = found.start() + len(address)
    yield escape(neutral(text[done:]))


def _is_known(host: str) -> bool:
    return host in _MORE or is_public(host)
