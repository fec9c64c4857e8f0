"""The order in which the entries of a folder are listed: the file system's own is that of its internals."""

from __future__ import annotations

from typing import Any


def set_order(os: Any, value: Any) -> Any:
    """Sort what ``os.listdir`` and ``os.scandir`` return, by name, `value` being ``sorted`` or ``reversed``."""
    backwards = value == "reversed"
    listdir, scandir = os.listdir, os.scandir

    class Entries:
        def __init__(self, path: Any) -> None:
            with scandir(path) as entries:
                self._entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=backwards))

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            return next(self._entries)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> Any:
            self.close()

        def close(self) -> Any:
            self._entries = iter(())

    os.listdir = lambda path=".": sorted(listdir(path), reverse=backwards)
    os.scandir = lambda path=".": Entries(path)
