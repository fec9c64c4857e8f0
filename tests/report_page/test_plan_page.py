"""A plan and the compatibility matrix on the page: every refused field leads to its reason, and nothing is lost."""

from __future__ import annotations

from datetime import date
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from msgspec.structs import replace

from gpusetup.facts import facts
from gpusetup.report import matrix_view as view
from gpusetup.report.page.assemble import About, page
from gpusetup.report.page.model import Result
from gpusetup.report.page.sections import sections
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.matrix import every_card, matrix
from gpusetup.resolve.model import Change, Refusal, Request, Stack

DAY = date(2026, 11, 30)
ABOUT = About("a test", "today", "0", False, ("a.json",))
MOST = 300_000
"""Bytes of the page of all cards."""


class Fields(HTMLParser):
    """The table's fields, the links in them, and every element that has an id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.fields: list[tuple[str, list[str]]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"meta", "input", "br", "link"}:
            return
        self._open.append((tag, given.get("id") or ""))
        if tag == "td":
            self.fields.append(("", []))
        if tag == "a" and any(one == "td" for one, _ in self._open):
            self.fields[-1][1].append((given.get("href") or "").removeprefix("#"))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, name in self._open:
            if name:
                self.texts[name] = self.texts.get(name, "") + data
        if any(tag == "td" for tag, _ in self._open):
            text, links = self.fields[-1]
            self.fields[-1] = (text + data, links)


def shown(value: Any) -> str:
    return page(sections([Result("a.json", value)]), ABOUT)


def request(*gpus: str, **wishes: Any) -> Request:
    return Request(cards=named(facts(), gpus, ()), **wishes)


@cache
def stack() -> Stack:
    found = attempt(request("RTX 4090", release="44"), facts(), DAY)
    assert isinstance(found, Stack)
    return found


def test_every_refused_field_of_all_cards_leads_to_its_reason_within_the_budget() -> None:
    whole = matrix(facts(), Request(cards=every_card(facts()), frameworks=("torch", "tensorflow", "jax")), DAY)
    html = shown(whole)
    assert len(html.encode()) <= MOST
    grid, seen = view.by_card(whole), Fields(html)
    cells = [cell for group in grid.groups for line in group.lines for cell in line.cells]
    fields = [(text, links) for text, links in seen.fields if links or text == view.ABSENT]
    expected = [cell for cell in cells if cell.because or cell.text == view.ABSENT]
    assert len(fields) == len(expected) > 1000
    for cell, (text, links) in zip(expected, fields, strict=True):
        assert text.split(" ")[0] == cell.text.split(" ")[0]
        assert [
            grid.reasons[number - 1].text in seen.texts[link] for number, link in zip(cell.because, links, strict=True)
        ] == [True] * len(links)


def test_a_plan_has_its_components_its_reasons_and_what_else_runs() -> None:
    html = shown(stack())
    seen = Fields(html)
    for choice in stack().choices:
        assert choice.value.replace("’", "’") in seen.texts["plan"]
    assert "2.15.0+cu132 chosen" in seen.texts["matrix"]
    assert "no" in {text.split(" ")[0] for text, _ in seen.fields}


def test_now_and_after_are_told_apart_in_words() -> None:
    moves = (
        Change(component="driver", now="580.1", after="580.1 stays"),
        Change(component="torch", now="2.13.0", after="2.15.0, CUDA 13.2"),
        Change(component="nvcc", now="", after="CUDA 13.3"),
        Change(component="imex", now="580.1", after=""),
    )
    (plan, _) = sections([Result("a.json", replace(stack(), changes=moves))])
    assert [row.change for row in plan.view["changes"]] == ["stays", "changes", "new", "goes"]  # type: ignore[attr-defined]


def test_a_refusal_says_what_conflicts_and_what_to_type() -> None:
    found = attempt(request("RTX 4090", release="44", tensorflow="2.21", python="3.14"), facts(), DAY)
    assert isinstance(found, Refusal)
    html = shown(found)
    assert "TensorFlow 2.21.0 has wheels for Python 3.10 to 3.13, not 3.14" in html
    assert any(way.options for way in found.ways_out)
    for way in found.ways_out:
        assert way.text in html
        assert not way.options or f"<code>{' '.join(way.options)}</code>" in html


@pytest.mark.parametrize(
    "word", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "\u202egnp.exe"]
)
def test_what_a_machine_calls_its_card_cannot_run(word: str) -> None:
    card = replace(stack().request.cards[0], name=word)
    hostile = replace(stack(), request=replace(stack().request, cards=(card,)))
    html = shown(hostile)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "49" not in Fields(html).texts["plan-title"]
