"""What opens above the dashboard: a finding with its evidence and its remedy, and the help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from gpusetup.report.dashboard.rows import detail
from gpusetup.report.doctor import COLOURS

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from gpusetup.doctor.finding import Finding

BEFORE = {"evidence": "- ", "command": "  "}


class _Above(ModalScreen[None]):
    """A text in a box that any of the usual keys closes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,question_mark,q", "dismiss(None)", "Close")]

    def text(self) -> Text:
        """Return what is shown."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with VerticalScroll(id="box"):
            yield Static(self.text(), markup=False)
            yield Static("Esc closes, arrows scroll", classes="quiet", markup=False)


class Details(_Above):
    """One finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self._finding = finding

    def text(self) -> Text:
        """Return its parts, a paragraph each."""
        styles = {"head": f"bold {COLOURS.get(self._finding.state, '')}".strip(), "command": "bold", "source": "dim"}
        said = Text()
        for kind, line in detail(self._finding):
            said.append(f"{BEFORE.get(kind, '')}{line}\n", style=styles.get(kind, ""))
        return said


class Help(_Above):
    """The keys, and the words of the table."""

    def text(self) -> Text:
        """Return the help."""
        return Text(Path(__file__).with_name("help.txt").read_text(encoding="utf-8"))
