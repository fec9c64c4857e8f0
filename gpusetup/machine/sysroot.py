"""Opens paths below a folder so that nothing in it leads out of it, even while it is being changed.

The kernel resolves them with openat2(2) (Linux 5.6 and later). Elsewhere each component is opened by itself without
following links, and links are resolved step by step. Nothing is opened for reading unless requested.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat

LINK_LIMIT = 40  # as in the kernel
OPENAT2 = 437  # the same number on every architecture that Python runs on
RESOLVE_NO_MAGICLINKS, RESOLVE_IN_ROOT = 0x02, 0x10  # linux/openat2.h
NOT_OFFERED = (errno.ENOSYS, errno.EPERM)
"""The errors from an older kernel, and from the seccomp filter of an older container engine."""
TRIES = 100
"""How often openat2 is retried after EAGAIN, which means that a folder was moved during the lookup."""


class _How(ctypes.Structure):
    """struct open_how."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class Root:
    """The folder `path`, held open: what is renamed or linked in its place later is not looked at."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._syscall = ctypes.CDLL(None, use_errno=True).syscall
            os.close(self._ask_kernel("/", os.O_PATH))
            self._kernel_resolves = True
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                os.close(self._handle)
                raise
            self._kernel_resolves = False

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            os.close(self._handle)

    def open(self, path: str, flags: int) -> int:
        """Return a descriptor of `path`, got with the system call's `flags`, links followed inside the root.

        Raises OSError, for a loop of links and for the links of /proc that lead anywhere as well.
        """
        return self._ask_kernel(path, flags) if self._kernel_resolves else self._step_by_step(path, flags)

    def resolve(self, path: str) -> str:
        """Return `path` with every link followed, from the root on; what is not there stays as it is written.

        Raises OSError for a loop of links.
        """
        with _Trail(self._handle) as trail:
            rest = trail.follow(path)
            names = list(trail.names)
        for name in rest:
            if name == "..":
                del names[-1:]
            elif name not in {"", "."}:
                names.append(name)
        return "/" + "/".join(names)

    def _ask_kernel(self, path: str, flags: int) -> int:
        # IN_ROOT keeps absolute links and ".." below the root; NO_MAGICLINKS refuses those of /proc, which lead out
        how = _How(flags | os.O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        raw = os.fsencode(path)
        if b"\0" in raw:
            raise ValueError("embedded null byte")
        for _ in range(TRIES):
            # older C libraries have no wrapper for openat2(2)
            handle = int(self._syscall(OPENAT2, self._handle, raw or b".", ctypes.byref(how), ctypes.sizeof(how)))
            if handle >= 0:
                return handle
            if ctypes.get_errno() not in {errno.EAGAIN, errno.EINTR}:
                break
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def _step_by_step(self, path: str, flags: int) -> int:
        with _Trail(self._handle) as trail:
            if trail.follow(path):
                raise OSError(trail.refused, os.strerror(trail.refused))
            return trail.reopen(flags)


class _Trail:
    """The way from a root to a place below it: a handle of each component, none of which is a link."""

    def __init__(self, root: int) -> None:
        self._handles = [os.dup(root)]
        self.names: list[str] = []
        self.refused = 0
        """The errno with which the first component after them could not be opened."""

    def __enter__(self) -> _Trail:
        return self

    def __exit__(self, *_: object) -> None:
        self._back_to(0)

    def follow(self, path: str) -> list[str]:
        """Go along `path` as far as it is there; return the components that are left."""
        pending, links = path.split("/")[::-1], 0
        while pending:
            name = pending.pop()
            if name == "..":
                self._back_to(max(1, len(self._handles) - 1))  # ".." at the root stays at the root
            elif name not in {"", "."}:
                try:
                    target = self._enter(name)
                except OSError as error:
                    self.refused = error.errno or errno.EIO
                    return [name, *reversed(pending)]
                if target is not None:
                    links += 1
                    if links > LINK_LIMIT:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                    if target.startswith("/"):
                        self._back_to(1)
                    pending.extend(reversed(target.split("/")))
        return []

    def reopen(self, flags: int) -> int:
        """Open the place that was reached with other `flags`; a link put there meanwhile is refused."""
        flags |= os.O_CLOEXEC | os.O_NOFOLLOW
        if not self.names:
            return os.open(".", flags, dir_fd=self._handles[0])
        return os.open(self.names[-1], flags, dir_fd=self._handles[-2])

    def _enter(self, name: str) -> str | None:
        """Step into the component `name`, or return where it leads if it is a link."""
        # O_PATH | O_NOFOLLOW opens a link itself, so that it cannot be exchanged between check and use
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._handles[-1])
        if not stat.S_ISLNK(os.fstat(handle).st_mode):
            self._handles.append(handle)
            self.names.append(name)
            return None
        try:
            return os.readlink("", dir_fd=handle)
        finally:
            os.close(handle)

    def _back_to(self, length: int) -> None:
        while len(self._handles) > length:
            os.close(self._handles.pop())
        del self.names[max(0, length - 1) :]
