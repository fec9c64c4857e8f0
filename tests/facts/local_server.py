"""A web server on this machine that stands in for an upstream and remembers what was asked of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Upstream:
    """What is served: path → bytes; and the paths that were asked for, with the range that was.

    Without `ranges` it serves files only whole; `short` is by how many bytes each range falls short.
    """

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.spans: list[tuple[str, str]] = []
        self.ranges = True
        self.short = 0
        self.url = ""


@contextmanager
def serve() -> Iterator[Upstream]:
    """Serve an `Upstream` on a free port of 127.0.0.1; unknown paths are 404."""
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            upstream.asked.append(self.path)
            span = self.headers.get("Range", "")
            upstream.spans.append((self.path, span))
            page = upstream.pages.get(self.path)
            if page is not None and span and upstream.ranges:
                self.send_part(page, span.removeprefix("bytes="))
                return
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page or b"")))
            self.end_headers()
            self.wfile.write(page or b"")

        def send_part(self, page: bytes, span: str) -> None:
            first, _, last = span.partition("-")
            start = int(first) if first else len(page) - int(last)
            end = min(int(last) + 1, len(page)) if first else len(page)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(page)}")
            part = page[start : max(start, end - upstream.short)]
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            self.wfile.write(part)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    upstream.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
