"""A proxy in front of a server that can answer 500 to everything, or hold answers back."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CHUNK_BYTES = 65_536


class BreakableProxy:
    """Passes bytes on to `port`; a context manager. `url` is what clients are given."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._is_broken = False
        self.refused = 0
        self._held = b""
        self._release = threading.Event()
        self.heard = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        self._hang_up()

    def break_down(self) -> None:
        """Answer 500 from now on, and drop requests that are under way."""
        self._is_broken = True
        self._hang_up()

    def repair(self) -> None:
        """Pass everything on again."""
        self._is_broken = False

    def hold_answers_to(self, words: bytes) -> None:
        """Hold the answers to requests with these words; `heard` counts those requests."""
        self._held = words
        self._release.clear()

    def release(self) -> None:
        """Send the held answers, and hold no more."""
        self._held = b""
        self._release.set()

    def _hang_up(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            target = self._refuse if self._is_broken else self._pass_on
            threading.Thread(target=target, args=(client,), daemon=True).start()

    def _refuse(self, client: socket.socket) -> None:
        with client:
            client.settimeout(5)
            try:
                client.recv(_CHUNK_BYTES)
                client.sendall(_BROKEN)
                client.shutdown(socket.SHUT_WR)
                while client.recv(_CHUNK_BYTES):  # a body that is still coming
                    pass
            except OSError:
                pass
            self.refused += 1

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            self._open |= {client, server}
            is_held = threading.Event()

            def ask(piece: bytes) -> None:
                if self._held and self._held in piece:
                    self.heard += 1
                    is_held.set()

            def answer(piece: bytes) -> None:
                if is_held.is_set():
                    self._release.wait()
                    is_held.clear()

            back = threading.Thread(target=_copy, args=(server, client, answer), daemon=True)
            back.start()
            _copy(client, server, ask)
            back.join()
            self._open -= {client, server}


def _copy(source: socket.socket, target: socket.socket, look: Callable[[bytes], None]) -> None:
    try:
        while piece := source.recv(_CHUNK_BYTES):
            look(piece)
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
