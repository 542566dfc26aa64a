"""Between shardferry and a server: passes every byte on, and keeps the texts of the batches that the client sends.

Batches can be read where only the login is encrypted (or nothing): MS-TDS 2.2.3.1 (packets), 2.2.6.7 (SQL batch). After
the handshake the login comes as records of TLS, without a packet around them.
"""

from __future__ import annotations

import socket
import struct
import threading
from typing import Self

BATCH, TLS = 0x01, range(0x14, 0x18)


class Recorder:
    """Listens on a free port of this machine while it is entered."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.to = host, port
        self.batches: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((self.host, self.to), 30)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            threading.Thread(target=self._pass, args=(client, server, Texts(self.batches)), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, None), daemon=True).start()

    @staticmethod
    def _pass(from_: socket.socket, to: socket.socket, texts: Texts | None) -> None:
        try:
            while data := from_.recv(65536):
                if texts:
                    texts.take(data)
                to.sendall(data)
        except OSError:
            pass
        for end in (from_, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Texts:
    """The batches in what one client sends."""

    def __init__(self, batches: list[str]) -> None:
        self.batches, self.left, self.message = batches, bytearray(), bytearray()

    def take(self, data: bytes) -> None:
        self.left += data
        while len(self.left) >= 8:
            kind, last = self.left[0], self.left[1] & 1
            if kind in TLS and self.left[1] == 3:
                length = 5 + struct.unpack(">H", self.left[3:5])[0]
                kind = None
            else:
                length = struct.unpack(">H", self.left[2:4])[0]
            if len(self.left) < length or length < 5:
                return
            packet = bytes(self.left[:length])
            del self.left[:length]
            if kind == BATCH:
                self.message += packet[8:]
                if last:
                    # All headers come first, with their whole length (2.2.5.3).
                    headers = struct.unpack("<I", self.message[:4])[0]
                    self.batches.append(self.message[headers:].decode("utf-16-le", "replace"))
                    self.message.clear()
