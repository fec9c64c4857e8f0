"""Text that wants to be code, and results in which every text is such a one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from gpusetup.value import Value
from tests.support import chance

V = TypeVar("V", bound=Value)

_OUT_OF = (
    "", "</script>", "</style>", "</title>", "</textarea>", "</pre>", "-->", "]]>", '"', "'", '">', "'>", "`", "\\",
    "\\u003c/script\\u003e", "&quot;>", "&lt;", "\x00", "\u2028", "\u202e", "\u2066", "\ufeff", "\n", "\r\n", "<!--",
    "<!--<script>", "%3C/script%3E", "😀", "مرحبا",
)  # fmt: skip
"""What ends the place in which a text stands, or hides where it ends."""
_INTO = (
    "<script>mark({n})</script>", "<img src=x onerror=mark({n})>", "<svg onload=mark({n})>", "<svg/onload=mark({n})//",
    "<iframe srcdoc='<script>parent.mark({n})</script>'>", "<a href=javascript:mark({n}) autofocus>x</a>",
    "<details open ontoggle=mark({n})>", "<input autofocus onfocus=mark({n})>", "<body onpageshow=mark({n})>",
    "<meta http-equiv=refresh content='0;url=javascript:mark({n})'>", "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/{n}.css>", "<style>*{{background:url(https://evil.example/{n})}}</style>",
    "<form action=https://evil.example/{n}><button>x</button></form>", "<object data=javascript:mark({n})>",
    "<math><mi xlink:href=javascript:mark({n})>x</mi></math>", "<template><script>mark({n})</script></template>",
    "javascript:mark({n})", "data:text/html,<script>mark({n})</script>", " onmouseover=mark({n}) x=", ";mark({n});",
    "{{{{ mark({n}) }}}}", "{{% mark({n}) %}}", "${{mark({n})}}", "datum.constructor.constructor('mark({n})')()",
    "url(https://evil.example/{n}.png)", "https://evil.example/{n}\" onclick=\"mark({n})",
    "{n}</script><script>mark({n})", "__proto__", "constructor", "toString{n}", "https://evil.example/{n}.js",
)  # fmt: skip
"""What would run, or ask another host."""


def strings(count: int, name: str = "hostile") -> list[str]:
    """Return `count` texts, no two of them the same, drawn under `name`."""
    source = chance(name)
    found = dict.fromkeys(f"{out}{what.format(n=n)}" for n, (out, what) in enumerate(itertools.product(_OUT_OF, _INTO)))
    while len(found) < count:
        parts = (source.choice(_OUT_OF), source.choice(_INTO), source.choice(_OUT_OF), source.choice(_INTO))
        found[_filled(parts, len(found))] = None
    every = list(found)
    source.shuffle(every)
    return every[:count]


def _filled(parts: tuple[str, str, str, str], number: int) -> str:
    first, what, then, more = parts
    return f"{first}{what.format(n=number)}{then}{more.format(n=number)}"


class Spoiler:
    """Puts hostile texts in the place of all texts of a value that may be any text, and counts them."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = itertools.cycle(texts)
        self.used = 0
        self._free: dict[tuple[str, ...], bool] = {}

    def spoilt(self, value: V) -> V:
        """Return `value` with a hostile text wherever its type allows one."""
        plain: Any = msgspec.json.decode(msgspec.json.encode(value))
        for path, shape in list(_texts(plain)):
            if shape not in self._free:
                self._free[shape] = _allows(plain, path, type(value))
            if self._free[shape]:
                _put(plain, path, next(self._texts))
                self.used += 1
        return msgspec.convert(plain, type(value))


def _texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], tuple[str, ...]]]:
    """Yield the path of each text, and its shape: the same for all entries of a list."""
    if isinstance(value, str):
        yield path, tuple("*" if isinstance(one, int) else one for one in path)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, (*path, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(one, (*path, number))


def _allows(plain: Any, path: tuple[Any, ...], kind: type[Value]) -> bool:
    before = _get(plain, path)
    _put(plain, path, "<any>")
    try:
        msgspec.convert(plain, kind)
    except msgspec.ValidationError:
        return False
    finally:
        _put(plain, path, before)
    return True


def _get(plain: Any, path: tuple[Any, ...]) -> Any:
    for one in path:
        plain = plain[one]
    return plain


def _put(plain: Any, path: tuple[Any, ...], text: str) -> None:
    _get(plain, path[:-1])[path[-1]] = text
