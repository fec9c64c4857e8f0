"""The remedies as one JSON file, built with the package, since their TOML would cost 6 ms of a start.

It is used only while its checksum is that of the TOML files at hand, so that an edited remedy is never shadowed.
"""

from __future__ import annotations

import os
import zlib

import msgspec

from gpusetup.doctor.remedies.model import RemedyRow

NAME = "compiled.json"
HERE = os.path.dirname(os.path.realpath(__file__))


class _Compiled(msgspec.Struct, frozen=True):
    """All remedies by name; each stays undecoded until it is asked for."""

    checksum: str
    rows: dict[str, msgspec.Raw]


def read_rows(folder: str = HERE) -> dict[str, msgspec.Raw]:
    """Return every remedy by name as JSON, compiled or else from the TOML files."""
    texts = _texts(folder)
    try:
        with open(os.path.join(folder, NAME), "rb") as file:
            compiled = msgspec.json.decode(file.read(), type=_Compiled)
    except (OSError, msgspec.DecodeError):  # a checkout that was never built, or half of a file
        return _compile(texts)
    return compiled.rows if compiled.checksum == _checksum(texts) else _compile(texts)


def decode(row: msgspec.Raw) -> RemedyRow:
    """Return one remedy."""
    return msgspec.json.decode(row, type=RemedyRow)


def write(folder: str = HERE) -> str:
    """Compile the TOML files and return the path of the result. Called when the wheel is built."""
    texts = _texts(folder)
    path = os.path.join(folder, NAME)
    with open(path, "wb") as file:
        file.write(msgspec.json.encode(_Compiled(_checksum(texts), _compile(texts))))
    return path


def _texts(folder: str) -> list[bytes]:
    names = sorted(name for name in os.listdir(folder) if name.endswith(".toml"))
    return [_bytes(os.path.join(folder, name)) for name in names]


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _checksum(texts: list[bytes]) -> str:
    """CRC-32 and size: it guards against our own forgotten builds, and hashlib alone would cost 3 ms of start-up."""
    value = 0
    for text in texts:
        value = zlib.crc32(text, value)
    return f"{value:08x}-{sum(map(len, texts))}"


def _compile(texts: list[bytes]) -> dict[str, msgspec.Raw]:
    """Return each table as JSON, having seen that it is a remedy; raises ValueError for a name given twice."""
    import tomllib  # only where nothing is compiled

    rows: dict[str, msgspec.Raw] = {}
    for text in texts:
        for name, said in tomllib.loads(text.decode()).items():
            if name in rows:
                raise ValueError(f"two remedies are called {name}")
            rows[name] = msgspec.Raw(msgspec.json.encode(_checked(name, said)))
    return rows


def _checked(name: str, said: object) -> object:
    try:
        msgspec.convert(said, RemedyRow)
    except msgspec.ValidationError as error:
        raise ValueError(f"remedy {name}: {error}") from error
    return said
