"""An installation of the bench: data folder, database and cache, deleted when it is closed."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
import redis

BACKEND = Path(__file__).resolve().parent.parent
LONG_SERIES_CHAPTERS = 300  # of the series whose whole list is measured
DEFAULT_DATABASE_URL = "postgresql://postgres@127.0.0.1:5432/postgres"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
_START_SECONDS = 120
# Counting requests is part of the cost, so the limits are raised and not switched off.
_NO_LIMIT = "1000000000/min"


class Installation:
    """Runs the bench's parts and servers in processes that see only this installation."""

    def __init__(
        self,
        *,
        database_url: str = "",
        redis_url: str = "",
        is_demo: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mangakg bench "))
        self.instance = f"bench-{secrets.token_hex(4)}"
        self._is_demo = is_demo
        self._variables = dict(variables or {})
        self._server_url, self._redis_url = database_url, redis_url
        self._database = f"test_mangakg_{secrets.token_hex(4)}" if database_url else ""
        if database_url:
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{self._database}"'.encode())
        (self.folder / "static").mkdir()

    @property
    def name(self) -> str:
        """Return the name of the profile, for the table's headings."""
        return "PostgreSQL + Redis" if self._database else "SQLite, no services"

    @property
    def has_services(self) -> bool:
        """Return True where it has a PostgreSQL and a Redis."""
        return bool(self._database)

    def environment(self) -> dict[str, str]:
        """Return the variables of its processes."""
        url = ""
        if self._database:
            url = f"{self._server_url.rpartition('/')[0]}/{self._database}"
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(BACKEND),
            "DJANGO_SETTINGS_MODULE": "mangakg.settings",
            "MANGAKG_DATA": str(self.folder),
            "MANGAKG_INSTANCE": self.instance,
            "MANGAKG_DEMO": str(int(self._is_demo)),
            "SECRET_KEY": "bench-0123456789-abcdefghijklmnopqrstuvwxyz",
            "MEDIA_NAME_KEY": "bench-media-0123456789-abcdefghijklmnopqrst",
            "DATABASE_URL": url,
            "REDIS_URL": self._redis_url,
            "LOG_LEVEL": "ERROR",  # slow requests are logged as warnings, and a bench has some
            **{f"THROTTLE_{scope}": _NO_LIMIT for scope in ("ANON", "USER", "UPLOAD", "AUTH")},
            **{f"QUOTA_{name}": "off" for name in ("UPLOADS_PER_DAY", "BYTES_PER_DAY", "WAITING")},
            **self._variables,
        }

    def run(self, part: str, *words: str) -> Any:
        """Run `python -m bench.<part>` and return the JSON of its last line."""
        result = subprocess.run(
            [sys.executable, "-m", f"bench.{part}", *words],
            cwd=BACKEND,
            env=self.environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(result.stdout.splitlines()[-1])

    def start(self, part: str, *words: str) -> "subprocess.Popen[str]":
        """Start a part that is measured while it runs."""
        return subprocess.Popen(
            [sys.executable, "-m", f"bench.{part}", *words],
            cwd=BACKEND,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def serve(self, settings: str = "mangakg.settings") -> Iterator[tuple[int, int]]:
        """Serve by the command line of `make up`; yields the process id and the port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        variables = {"PORT": str(port), "DJANGO_SETTINGS_MODULE": settings}
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.serving"],
            cwd=BACKEND,
            env=self.environment() | variables,
        )
        try:
            _wait_for(port)
            yield server.pid, port
        finally:
            server.terminate()
            server.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._redis_url:
            client = redis.Redis.from_url(self._redis_url)
            for key in client.scan_iter(match=f"*{self.instance}*", count=1000):
                client.delete(key)
        if self._database:
            with psycopg.connect(self._server_url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{self._database}" WITH (FORCE)'.encode())


def find_services() -> tuple[str, str] | None:
    """Return the addresses of a PostgreSQL and a Redis that answer, else None."""
    database_url = os.environ.get("DATABASE_URL") or DEFAULT_DATABASE_URL
    redis_url = os.environ.get("REDIS_URL") or DEFAULT_REDIS_URL
    try:
        psycopg.connect(database_url, connect_timeout=2).close()
        redis.Redis.from_url(redis_url, socket_connect_timeout=2).ping()
    except (psycopg.Error, redis.RedisError):
        return None
    return database_url, redis_url


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
