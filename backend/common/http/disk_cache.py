"""The shared cache of the embedded profile."""

import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path


class DiskCache:
    """One SQLite file in the data folder, shared by all processes.

    It is written for this use: a visit takes two statements, where a general cache needs a dozen.
    """

    def __init__(self, folder: str) -> None:
        self._file = Path(folder) / "hot.sqlite3"
        # One connection for each process: threads that wait for this lock wake at once, where
        # SQLite's own waiting sleeps in steps of milliseconds.
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._puts = 0

    def visit(
        self, counter: str, seconds: int, keys: Sequence[str]
    ) -> tuple[int, list[bytes | None]]:
        """See SharedCache."""
        now = time.time()
        with self._lock:
            connection = self._open()
            [(count,)] = connection.execute(_RAISE, (counter, now + 2 * seconds)).fetchall()
            return count, self._read(connection, keys, now)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """See SharedCache."""
        with self._lock:
            self._open().execute(_PUT, (key, value, time.time() + seconds))
            self._puts += 1
            if self._puts % _PUTS_A_SWEEP == 0:
                self._sweep()

    def put_if_absent(self, key: str, value: bytes, seconds: int) -> None:
        """See SharedCache."""
        now = time.time()
        with self._lock:
            self._open().execute(_PUT_IF_ABSENT, (key, value, now + seconds, now))

    def get(self, key: str) -> bytes | None:
        """See SharedCache."""
        with self._lock:
            return self._read(self._open(), (key,), time.time())[0]

    def clear(self) -> None:
        """See SharedCache."""
        with self._lock:
            self._open().executescript("DELETE FROM body; DELETE FROM counter;")

    def start_afresh(self) -> None:
        """Delete the file, as after a power cut that broke it; all in it can be built again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            for suffix in ("", "-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._pid != os.getpid():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self._file, timeout=10, isolation_level=None, check_same_thread=False
            )
            self._connection.executescript(_SCHEMA)
            self._pid = os.getpid()
        return self._connection

    @staticmethod
    def _read(
        connection: sqlite3.Connection, keys: Sequence[str], now: float
    ) -> list[bytes | None]:
        if not keys:
            return []
        found: dict[str, bytes] = dict(
            connection.execute(_READ[len(keys)], (*keys, now)).fetchall()
        )
        return [found.get(key) for key in keys]

    def _sweep(self) -> None:
        """Delete what has expired, and all bodies where that is not enough."""
        connection = self._open()
        now = time.time()
        for table in ("body", "counter"):
            connection.execute(f"DELETE FROM {table} WHERE until <= ?", (now,))  # noqa: S608
        [(stored,)] = connection.execute("SELECT total(length(value)) FROM body").fetchall()
        if stored > _MAX_BYTES:
            connection.execute("DELETE FROM body WHERE key LIKE 'body:%'")


_MAX_BYTES = 128 * 2**20
_PUTS_A_SWEEP = 1_000
_MAX_KEYS = 8
# A crash may lose it, which costs building the bodies again, so nothing waits for the disk.
_SCHEMA = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA mmap_size = 134217728;
CREATE TABLE IF NOT EXISTS body (key TEXT PRIMARY KEY, value BLOB NOT NULL, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counter
    (key TEXT PRIMARY KEY, count INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
"""
_RAISE = """
INSERT INTO counter (key, count, until) VALUES (?, 1, ?)
ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count
"""
_PUT = "INSERT OR REPLACE INTO body (key, value, until) VALUES (?, ?, ?)"
_PUT_IF_ABSENT = """
INSERT INTO body (key, value, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until WHERE until <= ?
"""
_READ = [
    f"SELECT key, value FROM body WHERE key IN ({', '.join('?' * count)}) AND until > ?"  # noqa: S608
    for count in range(_MAX_KEYS + 1)
]
