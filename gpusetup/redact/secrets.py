"""Secrets recognised by their shape, or by the name before them."""

from __future__ import annotations

import re

from gpusetup.redact.pseudonyms import SECRET

_NOT_INSIDE = r"(?<![A-Za-z0-9])"
_WORD = (
    r"(?:password|passwd|passphrase|secret|token|api[_-]?key|credentials?"
    r"|(?<![A-Za-z0-9])(?:pass|passcode|passwort|pwd|signature|bearer|cookie|authorization|auth|pat)"
    r"|(?:access|account|private|shared|signing|encryption|license|licence|master|session|storage)[_-]?key)"
)
_VALUE = r"""(?:"[^"]*+"|'[^']*+'|["']?[^\s"'&;]++)"""

PATTERNS: tuple[tuple[str, str], ...] = (
    # a block in PEM or the armour of PGP, to its end or that of the text
    (r"(?s)-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", SECRET),
    # a public or private key as OpenSSH writes it, with the comment that mostly names its owner
    (r"\b((?:sk-)?(?:ssh|ecdsa)-[a-z0-9-]{2,30}(?:@openssh\.com)?) AAAA[A-Za-z0-9+/=]++(?: [\w.+-]++(?:@[\w.-]++)?)?",
     rf"\1 {SECRET}"),
    # issuers' own prefixes: GitHub, GitLab, Hugging Face, NVIDIA, OpenAI, Slack, npm, PyPI, Docker, …
    (_NOT_INSIDE + r"(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-|nvapi-"
     r"|xox[a-z](?:\.xox[a-z])?-|xapp-|dckr_[a-z]{2,4}_|dop_v1_|hv[sbr]\.|shp[a-z]{2}_|sk_(?:live|test)_|[rp]k_(?:live|test)_|whsec_|ATATT|ya29\.|AIza|SG\.)(?=[\w.-]{0,30}\d)"
     r"[\w.-]{8,}+", SECRET),
    (_NOT_INSIDE + r"(?:hf_|api_org_|npm_|r8_|gsk_|pplx-|xai-|lin_api_|figd_|secret_|ntn_|tgp_v1_|sq0[a-z]{3}-)"
     r"[A-Za-z0-9_-]{16,}+", SECRET),
    (_NOT_INSIDE + r"sk-(?=[\w-]{0,40}[A-Z0-9])[\w-]{16,}+", SECRET),
    (_NOT_INSIDE + r"pypi-[\w-]{40,}+", SECRET),
    (_NOT_INSIDE + r"(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,}+", SECRET),
    (_NOT_INSIDE + r"eyJ[\w-]{8,}+(?:\.[\w-]*+){0,4}+", SECRET),  # JSON in base64: a web token
    (r"(?i)\b(bearer) (?=[\w+/=.~-]{0,60}[0-9=])[\w+/=.~-]{8,}+", rf"\1 {SECRET}"),
    (r"(?<![\w-])(-u|--user|--proxy-user)([ =])[^\s:]{1,64}:\S++", rf"\1\2{SECRET}"),
    # of an address without its beginning
    (r"(?i)(?<=[?&;])(sig|code|key|st|x-[\w-]{3,40})=[^\s&\"']++", rf"\1={SECRET}"),
    (rf"(?i)(?<![\w-])(--?[\w-]*?{_WORD})[ =](?!{SECRET}){_VALUE}", rf"\1={SECRET}"),
    (rf"(?i)(?<![\w.-])([\w.-]*?{_WORD}[_\d]{{0,4}}[\"']?) ?[=:] ?(?!{SECRET})(?:(?:bearer|basic|token) )?{_VALUE}",
     rf"\1={SECRET}"),
)  # fmt: skip
"""Pattern and replacement. Patterns for long runs match only at the start of a run, to keep the time linear."""


def without_secrets(text: str) -> str:
    """Return `text` with ``<secret>`` in place of each recognised secret."""
    for pattern, instead in PATTERNS:
        text = re.sub(pattern, instead, text)
    return text
