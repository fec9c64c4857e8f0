"""Which addresses of a text become links."""

from __future__ import annotations

import pytest

from gpusetup.report.page.links import linked


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x",
        "http://github.com/x",
        "https://github.com@evil.example/",
        "https://github.com:8080/x",
        "https://github.com.evil.example/",
        "https://evil.example\\@github.com/",
        "https://GITHUB.com/",
        "https://gıthub.com/",
        "javascript:alert(1)//https:github.com",
    ],
)
def test_another_address_stays_text(text: str) -> None:
    assert "<a" not in linked(text)


def test_a_known_one_is_a_link_without_what_follows_it() -> None:
    text = linked("see https://github.com/a/b/issues/1, (https://docs.nvidia.com/x#y).")
    link = '<a href="{0}" rel="noreferrer noopener">{0}</a>'
    one, two = link.format("https://github.com/a/b/issues/1"), link.format("https://docs.nvidia.com/x#y")
    assert text == f"see {one}, ({two})."


def test_nothing_around_a_link_is_markup() -> None:
    text = linked('<b>https://github.com/"onload=x \u202e<i>')
    assert text.startswith(
        '&lt;b&gt;<a href="https://github.com/" rel="noreferrer noopener">https://github.com/</a>&#34;'
    )
    assert "<i>" not in text
    assert "\u202e" not in text
