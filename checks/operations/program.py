"""Compile the text of an operation into a function of its inputs."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


def write_function(code: str, names: Sequence[str]) -> str:
    """Return the source of ``operation(…)``: `code` is an expression, or the body of a function that returns."""
    body = textwrap.dedent(code).strip()
    if not any(line.startswith(("return ", "    return ")) or " return " in line for line in body.splitlines()):
        body = f"return {body}"
    return f"def operation({', '.join(names)}):\n{textwrap.indent(body, '    ')}\n"


def compile_function(
    code: str, names: Sequence[str], namespace: Mapping[str, Any], sizes: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return the function; its text knows the framework's names and the sizes."""
    known: dict[str, Any] = {**namespace, **sizes}
    # the name lies in this folder, by which `needs.missing` knows that it was a check that asked for a feature
    file = str(Path(__file__).with_name("<operation>"))
    exec(compile(write_function(code, names), file, "exec"), known)  # noqa: S102 - text of these files
    function: Callable[..., Any] = known["operation"]
    return function


def as_tuple(result: Any) -> tuple[Any, ...]:
    """Return one output or several as a tuple."""
    return tuple(result) if isinstance(result, tuple | list) else (result,)
