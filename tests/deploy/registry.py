"""An OCI registry of one process, over plain HTTP: as much of the distribution API as pushing and pulling a chart takes."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PLACE = re.compile(r"/v2/(?P<name>.+)/(?P<kind>blobs|manifests|tags)/(?P<reference>[^?]*)")


class Registry(ThreadingHTTPServer):
    """What was pushed: blobs and manifests by digest, manifests also by `name:tag`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content: dict[str, tuple[str, bytes]] = {}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def tags(self) -> list[str]:
        return sorted(name for name in self.content if not name.startswith("sha256:"))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        place = PLACE.match(self.path)
        if not place:
            self.answer(200 if self.path == "/v2/" else 404)
            return
        reference = place["reference"]
        kind, body = self.server.content.get(reference if ":" in reference else f"{place['name']}:{reference}", ("", b""))
        if body:
            self.answer(200, body, Content_Type=kind, Docker_Content_Digest=digest(body))
        else:
            self.answer(404, b'{"errors": [{"code": "NAME_UNKNOWN"}]}')

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(202, Location=f"{self.path.partition('?')[0]}upload")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        place = PLACE.match(self.path)
        kind = self.headers.get("Content-Type", "application/octet-stream")
        self.server.content[digest(body)] = (kind, body)
        if place["kind"] == "manifests" and ":" not in place["reference"]:
            self.server.content[f"{place['name']}:{place['reference']}"] = (kind, body)
        self.answer(201, Location=self.path, Docker_Content_Digest=digest(body))


def digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@contextlib.contextmanager
def running() -> Iterator[Registry]:
    registry = Registry()
    threading.Thread(target=registry.serve_forever, daemon=True).start()
    try:
        yield registry
    finally:
        registry.shutdown()
        registry.server_close()
