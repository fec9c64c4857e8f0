"""The dashboard: GPUs above, findings, changes and processes below."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable, Footer, Static, TabbedContent, TabPane

from gpusetup.report.dashboard import rows
from gpusetup.report.dashboard.details import Details, Help
from gpusetup.report.dashboard.frame import Failure, Frame, Message
from gpusetup.report.doctor import COLOURS

WIDE = 120
"""Columns from which there is room for bars."""
KEPT = 500
"""Changes that are kept."""
TABS = ("findings", "changes", "processes")


class Dashboard(App[Failure | None]):
    """Shows the examinations that come through `pipe`; `ask` has the machine examined now.

    It returns the failure that ended it, or None when the user did; `code` is the exit code of the last examination.
    """

    CSS_PATH = "dashboard.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", show=False, priority=True),
        Binding("r", "examine", "Examine now"),
        Binding("g", "gpus", "GPUs"),
        Binding("1", "tab('findings')", "Findings"),
        Binding("2", "tab('changes')", "Changes"),
        Binding("3", "tab('processes')", "Processes"),
        Binding("question_mark", "help", "Help", key_display="?"),
    ]

    def __init__(self, pipe: int, seconds: float, ask: Callable[[], None]) -> None:
        super().__init__()
        self.code = 0
        self._pipe, self._seconds, self._ask = pipe, seconds, ask
        self._rest = b""
        self._decoder = msgspec.json.Decoder(Message)
        self._frame: Frame | None = None
        self._since: float | None = time.monotonic()
        self._status = ""
        self._listed: dict[str, list[rows.Told]] = {"findings": [], "changes": []}

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        with Vertical(id="top"):
            yield Static("Reading the machine", id="headline", markup=False)
            yield Static("", id="status", markup=False)
        yield Static("", id="none", markup=False)
        yield _table("gpus", rows.COLUMNS)
        with TabbedContent(initial="findings"):
            with TabPane("Findings", id="findings"):
                yield _table("findings-table", rows.FINDING_COLUMNS)
            with TabPane("Changes", id="changes"):
                yield _table("changes-table", rows.CHANGE_COLUMNS)
            with TabPane("Processes", id="processes"):
                yield _table("processes-table", rows.PROCESS_COLUMNS)
        yield Footer()

    def on_mount(self) -> None:
        """Begin to listen."""
        os.set_blocking(self._pipe, False)
        asyncio.get_running_loop().add_reader(self._pipe, self._arrived)
        self.set_interval(1, self._show_status)
        self._table("findings-table").focus()
        self._show_status()

    def on_unmount(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._pipe)

    def on_resize(self) -> None:
        """Show the bars where there is room for them now."""
        if self._frame:
            self._show_gpus(self._frame)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the finding under the cursor."""
        listed = self._listed.get((event.data_table.id or "").removesuffix("-table"), [])
        if event.cursor_row < len(listed):
            self.push_screen(Details(listed[event.cursor_row].finding))

    def action_examine(self) -> None:
        """Have the machine examined now; while it is being read, that is under way."""
        if self._since is None:
            self._ask()

    def action_gpus(self) -> None:
        """Move to the table of GPUs."""
        self._table("gpus").focus()

    def action_tab(self, name: str) -> None:
        """Move to a tab."""
        self.query_one(TabbedContent).active = name
        self._table(f"{name}-table").focus()

    def action_help(self) -> None:
        """Show the keys and the words."""
        self.push_screen(Help())

    def _arrived(self) -> None:
        try:
            raw = os.read(self._pipe, 1 << 20)
        except BlockingIOError:
            return
        if not raw:
            self._end(Failure(message="the process that examines the machine ended", code=70))
            return
        whole, _, self._rest = (self._rest + raw).rpartition(b"\n")
        for message in self._decoder.decode_lines(whole):
            self._take(message)

    def _take(self, message: Message) -> None:
        if message.failure:
            self._end(message.failure)
        elif message.frame:
            self._since = None
            self._show(message.frame)
        else:
            self._since = time.monotonic()
            self._show_status()

    def _end(self, failure: Failure) -> None:
        """End with `failure`; the end of the pipe, which comes right after one, must not replace it."""
        asyncio.get_running_loop().remove_reader(self._pipe)
        self.exit(failure)

    def _show(self, frame: Frame) -> None:
        self._frame, self.code = frame, frame.code
        headline = self.query_one("#headline", Static)
        headline.update(rows.headline(frame))
        headline.set_classes(next((one.state for one in frame.report.findings if one.state in COLOURS), "ok"))
        self._show_status()
        self._show_gpus(frame)
        self._list("findings", rows.finding_rows(frame))
        self._list("changes", [*rows.change_rows(frame), *self._listed["changes"]][:KEPT])
        _fill(self._table("processes-table"), [_plain(row) for row in rows.process_rows(frame)])

    def _show_gpus(self, frame: Frame) -> None:
        found = rows.gpu_rows(frame, wide=self.size.width >= WIDE)
        none = self.query_one("#none", Static)
        none.update(rows.no_gpus(frame.machine))
        none.display = not found
        self._table("gpus").display = bool(found)
        _fill(self._table("gpus"), [_plain(row) for row in found])

    def _list(self, name: str, told: list[rows.Told]) -> None:
        table = self._table(f"{name}-table")
        before = self._listed[name]
        place = table.cursor_row
        at = before[place].finding if place < len(before) else None
        self._listed[name] = told
        _fill(table, [_coloured(one) for one in told])
        tab = self.query_one(TabbedContent).get_tab(name)
        tab.label = f"{name.capitalize()} ({len(told)})"
        same = (number for number, one in enumerate(told) if at and _place(one.finding) == _place(at))
        table.move_cursor(row=next(same, min(place, len(told))))

    def _show_status(self) -> None:
        parts = [f"{self._frame.at}, every {self._seconds:g} s", rows.title(self._frame)] if self._frame else []
        if self._since is not None:
            parts.insert(0, f"reading for {time.monotonic() - self._since:.0f} s")
        said = " · ".join(parts)
        if said != self._status:  # an update draws again
            self._status = said
            self.query_one("#status", Static).update(said)

    def _table(self, name: str) -> DataTable[Text]:
        return self.query_one(f"#{name}", DataTable)


def _table(name: str, columns: Sequence[str]) -> DataTable[Text]:
    table: DataTable[Text] = DataTable(id=name, cursor_type="row", cell_padding=1)
    for column in columns:
        table.add_column(column)
    return table


def _fill(table: DataTable[Text], cells: list[list[Text]]) -> None:
    """Show `cells`, with the cursor and the view where they were."""
    place, top = table.cursor_row, table.scroll_y
    table.clear()
    for row in cells:
        table.add_row(*row)
    table.move_cursor(row=min(place, max(0, len(cells) - 1)), scroll=False)
    table.scroll_to(y=top, animate=False)


def _plain(row: rows.Row) -> list[Text]:
    return [Text(cell, no_wrap=True) for cell in row]


def _coloured(one: rows.Told) -> list[Text]:
    style = COLOURS.get(one.finding.state, "")
    return [Text(cell, style=style if number == 0 else "", no_wrap=True) for number, cell in enumerate(one.cells)]


def _place(finding: object) -> tuple[str, str]:
    return getattr(finding, "rule", ""), getattr(finding, "subject", "")
