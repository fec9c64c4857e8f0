"""What stands inside the page as data or code: escaped for a script element, and named by its hash in the policy."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from gpusetup.text import neutral

if TYPE_CHECKING:
    pass

_ESCAPED = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})
"""``</script`` and ``<!--`` end or begin what an HTML parser sees in a script element (HTML Standard, 4.12.1.3)."""


def json_data(value: Any) -> Markup:
    """Return `value` as JSON for a script element; every text in it is neutral, and nothing in it ends the element."""
    text = json.dumps(neutralised(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_ESCAPED))  # noqa: S704 - that is what the escapes are for


def policy(scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    """Return the content-security policy that allows these inline texts, and no request to anywhere.

    Vega sets the size and the cursor of what it draws as style attributes, which carry nothing from the host.
    """
    run = " ".join(map(_hash, scripts))
    shown = " ".join(map(_hash, styles))
    return (
        f"default-src 'none'; script-src {run}; style-src-elem {shown}; style-src-attr 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def neutralised(value: Any) -> Any:
    """Return `value` with every text in it neutral, and without numbers that JSON does not have."""
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return None  # JSON has no NaN, and a chart shows none
    if isinstance(value, dict):
        return {neutral(str(name)): neutralised(one) for name, one in value.items()}
    return [neutralised(one) for one in value] if isinstance(value, list | tuple) else value
