"""``python flipped.py FRAMEWORK``: in a fork each, change one thing and print what the environment key then says.

Reads ``{"name": statement}`` as JSON from stdin: each is executed, then the worker's preparation where its name begins
with ``start: ``, as start-up code would come before it; else after the preparation. Prints ``{"name": key}``, and the
key of nothing changed as "".
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

from tests.checks.one_job import JOB


def main(framework: str) -> None:
    prepared = importlib.import_module(f"checks.common.{framework}")
    statements = {"": "pass"} | json.load(sys.stdin)
    json.dump({name: _in_fork(prepared, name, statement) for name, statement in statements.items()}, sys.stdout)


def _in_fork(prepared: Any, name: str, statement: str) -> dict[str, str]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            key = _key(prepared, name, statement)
        except Exception as error:
            key = {"error": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(key).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    found: dict[str, str] = json.loads(text)
    return found


def _key(prepared: Any, name: str, statement: str) -> dict[str, str]:
    if name.startswith("start: "):
        exec(statement, {})
    prepared.prepare(JOB)
    if not name.startswith("start: "):
        exec(statement, {})
    key: dict[str, str] = prepared.environment(JOB)
    return key


if __name__ == "__main__":
    main(sys.argv[1])
