"""The stand-in internet: one HTTPS server for every host a recipe asks, inside a network of its own.

Started inside the lab's namespaces as ``python mirror.py FOLDER``; FOLDER has one folder for each host name, the
certificate ``cert.pem`` and its key. A request for ``/metalink`` is answered with a metalink to the repository.
"""

from __future__ import annotations

import hashlib
import ssl
import sys
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
    """Serves ``FOLDER/<Host>/<path>``; the file ``down`` in a host's folder makes every answer a cut connection."""

    root = Path()

    def translate_path(self, path: str) -> str:
        return str(self.root / self.headers.get("Host", "") / unquote(urlsplit(path).path).lstrip("/"))

    def do_GET(self) -> None:
        host = self.headers.get("Host", "")
        with (self.root / "requests.log").open("a") as log:
            log.write(f"{host}{self.path}\n")
        if (self.root / host / "down").exists():
            self.connection.close()
        elif urlsplit(self.path).path == "/metalink":
            self._metalink(host)
        else:
            super().do_GET()

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
    Mirror.root = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 443), Mirror)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Mirror.root / "cert.pem", Mirror.root / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    (Mirror.root / "ready").touch()
    server.serve_forever()


if __name__ == "__main__":
    main()
