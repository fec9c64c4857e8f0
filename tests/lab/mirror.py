"""The stand-in internet: one HTTPS server for every host a recipe asks, inside a network of its own.

Started inside the lab's namespaces as ``python mirror.py FOLDER NET``; FOLDER has one folder for each host name, the
certificate ``cert.pem`` and its key. A request for ``/metalink`` is answered with a metalink to the repository. NET is
the lab's own folder: ``requests.log`` is kept in it, and a file ``HOST.FAULT`` in it spoils what that host answers.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import sys
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

METALINK = """<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
<files><file name="repomd.xml"><mm0:timestamp>1</mm0:timestamp><size>{size}</size>
<verification><hash type="sha256">{sha256}</hash></verification>
<resources><url protocol="https" type="https" preference="100">{url}</url></resources></file></files></metalink>
"""


class Mirror(SimpleHTTPRequestHandler):
    """Serves ``FOLDER/<Host>/<path>``, whole, or spoilt as a file in `net` says.

    ``HOST.down``: every connection is cut. ``HOST.half``: packages and archives are cut half way. ``HOST.garbled``:
    the lists of packages are other bytes than the index of the repository says.
    """

    root, net = Path(), Path()

    def translate_path(self, path: str) -> str:
        return str(self.root / self.headers.get("Host", "") / unquote(urlsplit(path).path).lstrip("/"))

    def do_GET(self) -> None:
        host = self.headers.get("Host", "")
        path = urlsplit(self.path).path
        with (self.net / "requests.log").open("a") as log:
            log.write(f"{host}{self.path}\n")
        if (self.net / f"{host}.down").exists():
            self.connection.close()
        elif path == "/metalink":
            self._metalink(host)
        elif (self.net / f"{host}.half").exists() and path.endswith((".rpm", ".xz", ".whl", ".run")):
            self._spoilt(lambda whole: whole[: len(whole) // 2])
        elif (
            (self.net / f"{host}.garbled").exists()
            and "/repodata/" in path
            and not path.endswith(("repomd.xml", ".asc"))
        ):
            self._spoilt(lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]))
        else:
            super().do_GET()

    def _spoilt(self, spoil: Callable[[bytes], bytes]) -> None:
        """Announce the whole file, send what `spoil` makes of it, and cut the connection."""
        whole = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(spoil(whole))
        self.close_connection = True

    def _metalink(self, host: str) -> None:
        repo = parse_qs(urlsplit(self.path).query)["repo"][0]
        repomd = self.root / host / repo / "repodata/repomd.xml"
        raw = repomd.read_bytes()
        text = METALINK.format(
            size=len(raw), sha256=hashlib.sha256(raw).hexdigest(), url=f"https://{host}/{repo}/repodata/repomd.xml"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing; `requests.log` has it."""


def main() -> None:
    Mirror.root, Mirror.net = Path(sys.argv[1]), Path(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", 443), Mirror)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Mirror.root / "cert.pem", Mirror.root / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    os.write(1, b"ready\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
