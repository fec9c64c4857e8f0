"""The only way for a value into rendered text.

A template writes ``{{ value | sh }}``. The filter quotes the value and marks where it stands and which filter it came
through; a value without one is marked as raw. `quoting_check` then reads the text and accepts a value only in the
positions that are known to be safe for its filter, in shell text those where bash takes a quoted word for data. Every
other position is refused, and so is text before a value that the reader does not understand. What becomes of a value
in a variable or in a function's argument is `quoting_check.values`' to say.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from gpusetup.errors import WrongInputError
from gpusetup.render.marks import (
    BLOCK,
    CODE,
    COMMENT,
    JSON,
    LINE,
    NUMBER,
    PLAIN,
    RAW,
    UNIT,
    WORD,
    marked,
    stripped,
    unmarked,
)
from gpusetup.text import neutral

_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ue000-\ue002]")


class Shell(str):
    """Text that needs no further quoting."""

    __slots__ = ()


class Plain(str):
    """Text of letters, digits and ``._+-`` alone, which the shell reads as it stands."""

    __slots__ = ()


def sh(value: Any) -> Shell:
    """Quote a text, a number, or a sequence of them (as separate words) for bash."""
    if isinstance(value, Plain):
        return Shell(marked(PLAIN, value))
    if isinstance(value, (str, int, float)):
        return Shell(marked(WORD, shlex.quote(_printable(str(value)))))
    return Shell(" ".join(sh(item) for item in value))


def plain(value: str) -> Plain:
    """Return `value` if it can be part of a file name and of another name; it still needs `sh` after this."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", value):
        raise WrongInputError(f"{neutral(value)!r} cannot be a name here", "use only letters, digits, dots and dashes")
    return Plain(value)


def number(value: Any) -> Shell:
    """Write a whole number, which may stand in bash's arithmetic too; any other value is refused."""
    if not isinstance(value, int):
        raise WrongInputError(f"{neutral(str(value))!r} is not a whole number", "write {{ value | sh }}")
    return Shell(marked(NUMBER, str(int(value))))


def comment(value: str, mark: str = "# ") -> Shell:
    """Return `value` as one comment line; allowed only at the beginning of a line."""
    return Shell(marked(COMMENT, mark + unmarked(neutral(value))))


def line(value: str) -> Shell:
    """Return `value`, which is the rest of its line, for grammars that take that as it stands. Never in shell text."""
    return Shell(marked(LINE, _printable(value)))


def code(text: str) -> Shell:
    """Pass on text that was rendered, and checked, before. Only format templates have this filter."""
    return Shell(marked(CODE, unmarked(text)))


def json_text(value: Any) -> Shell:
    """Write a text, a number, or a list or mapping of them as JSON, and so as YAML, of which JSON is a part.

    What YAML would take for the end of a line, or not take at all, is escaped; half a surrogate pair is refused.
    """
    text = json.dumps(value, ensure_ascii=False)
    if re.search("[\ud800-\udfff]", text):
        raise WrongInputError(f"the value {neutral(text)!r} is not Unicode", "give it in UTF-8")
    return Shell(marked(JSON, _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)))


def block(text: str, indent: int) -> Shell:
    """Write a text, behind the colon of its key, as a literal block in YAML; as JSON where a block cannot hold it.

    Every line of a block is indented by `indent` spaces, so that none can end it, and nothing in it is escaped. What
    YAML takes for the end of a line, a first line that begins with a space, and control characters need quotes
    instead. Source: YAML 1.2.2, 8.1.2, "Literal Style".
    """
    text = text.strip("\n")
    if not text or text[0].isspace() or re.search(f"[\x00-\x08\x0b-\x1f]|{_NOT_IN_YAML.pattern}", text):
        return Shell(f" {json_text(text)}")
    lines = (" " * indent + one if one else "" for one in text.split("\n"))
    return Shell(" |" + marked(BLOCK, "".join(f"\n{one}" for one in lines)))


def unit(value: Any) -> Shell:
    """Quote a text, or a sequence of them as separate words, for a line of a systemd unit that runs a command.

    Words are C strings there, of which JSON's are a part; a percent sign would begin a specifier and a dollar sign a
    variable, so both are doubled. An empty word is refused: podman's generator ends the command at one. Source:
    systemd.syntax(7), systemd.service(5), "Command lines"; podman, pkg/systemd/parser/split.go.
    """
    if value == "":
        raise WrongInputError("a word of the command is empty, and Quadlet would drop the words after it", "remove it")
    if not isinstance(value, str):
        return Shell(" ".join(map(unit, value)))
    return Shell(marked(UNIT, stripped(json_text(value)).replace("%", "%%").replace("$", "$$")))


def unit_line(value: str) -> Shell:
    """Return `value` as the rest of a line of a systemd unit; a percent sign would begin a specifier."""
    return line(value.rstrip("\\").replace("%", "%%"))


def doubled(value: Any) -> Any:
    """Double the dollar signs of a text or of each in a list, for grammars that put variables into plain values.

    Compose and Kubernetes do; the result still needs `json` after this. Source: Compose specification, interpolation;
    Kubernetes API, Container.args.
    """
    return value.replace("$", "$$") if isinstance(value, str) else [doubled(one) for one in value]


def literal(value: Any) -> Any:
    """Return a text, or a list of them, that has no ``${…}``: dev containers put variables there, the host's too.

    They know no way to write one that is none. The result still needs `json` after this. Source: the Development
    Container specification, "Variables in devcontainer.json"; devcontainers/cli, common/variableSubstitution.ts.
    """
    if not isinstance(value, str):
        return [literal(one) for one in value]
    if any("}" in after.partition("\n")[0] for after in value.split("${")[1:]):
        raise WrongInputError(
            f"{neutral(value)!r} has a ${{…}}, which a dev container would replace with a variable of the host",
            "put the command into a script, and run that",
        )
    return value


def mark(value: Any) -> str:
    """Mark (as Jinja's ``finalize``) whatever did not come through a filter of this module as raw."""
    return value if isinstance(value, Shell) else RAW + unmarked(neutral(str(value)))


def words(text: str) -> str:
    """Return rendered prose, in which raw values are at home, on one line."""
    return " ".join(stripped(text).split())


def _printable(text: str) -> str:
    if neutral(text) != text or unmarked(text) != text:
        raise WrongInputError(
            f"the value {neutral(text)!r} contains a line break, a control character or a private-use character",
            "package names, versions and paths cannot contain these",
        )
    return text
