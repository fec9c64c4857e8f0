"""The order in which the results of tasks are taken: that of their arrival, or that of their submission.

`value` is ``submitted``, or ``swapped``, where each two change places: an order in which they could have arrived.
"""

from __future__ import annotations

import itertools
from typing import Any


def set_futures(base: Any, value: Any) -> Any:
    """Have ``concurrent.futures.as_completed`` yield in the order of submission, and ``wait`` for the earliest."""
    numbers, first, init, wait = itertools.count(), base.FIRST_COMPLETED, base.Future.__init__, base.wait

    def numbered(self: Any) -> Any:
        init(self)
        self._gpusetup_number = next(numbers)

    def ordered(futures: Any) -> Any:
        return sorted(set(futures), key=lambda one: getattr(one, "_gpusetup_number", 0))

    def as_completed(fs: Any, timeout: Any = None) -> Any:
        for future in _order(ordered(fs), value):
            if not wait([future], timeout).done:
                raise base.TimeoutError("a future is unfinished")
            yield future

    def wait_for(fs: Any, timeout: Any = None, return_when: Any = base.ALL_COMPLETED) -> Any:
        if return_when != first or not fs:
            return wait(fs, timeout, return_when)
        left = list(_order(ordered(fs), value))
        done = wait(left[:1], timeout).done
        return base.DoneAndNotDoneFutures(done, set(left) - done)

    base.Future.__init__, base.as_completed, base.wait = numbered, as_completed, wait_for


def set_pool(pool: Any, value: Any) -> Any:
    """Have ``imap_unordered`` of process and thread pools yield in the order of its arguments."""

    def imap_unordered(self: Any, func: Any, iterable: Any, chunksize: Any = 1) -> Any:
        return _Results(self.imap(func, iterable, chunksize), value)

    pool.Pool.imap_unordered = imap_unordered


def set_loader(dataloader: Any, value: Any) -> Any:
    """Have a DataLoader deliver its batches in order, which ``in_order=False`` (PyTorch 2.6) does not ask for."""
    original = dataloader.DataLoader.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> Any:
        if value == "submitted" and kwargs.get("in_order") is False:
            kwargs["in_order"] = True
        original(self, *args, **kwargs)

    dataloader.DataLoader.__init__ = init


class _Results:
    """An iterator with the method of one of a pool: ``next(timeout)``."""

    def __init__(self, results: Any, value: Any) -> None:
        self._results, self._ordered = results, _order(results, value)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return next(self._ordered)

    def next(self, timeout: Any = None) -> Any:
        """Return the next result, in the order of the arguments where there is a time limit."""
        return next(self) if timeout is None else self._results.next(timeout)


def _order(results: Any, value: Any) -> Any:
    """Yield the results as they are, or each two of them swapped."""
    results = iter(results)
    if value != "swapped":
        yield from results
        return
    for one in results:
        yield from (*itertools.islice(results, 1), one)
