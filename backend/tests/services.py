"""Finds or starts PostgreSQL, Redis and S3 for tests, and leaves them as they were."""

import getpass
import itertools
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import botocore.session
import psycopg
import redis
from botocore.config import Config
from psycopg import sql

DATABASE_PREFIX = "test_mangakg_"
# Marks the processes, databases and keys of one `tests.run`, which removes them in any case.
RUN = "TEST_RUN"
# Where the ports of a part of that run begin: two parts at once have ranges of their own.
FIRST_PORT = "TEST_FIRST_PORT"
GIVEN_POSTGRES, GIVEN_REDIS = "TEST_POSTGRES_URL", "TEST_REDIS_URL"
BUCKETS = ("media", "quarantine")
_START_SECONDS = 120.0
_Answer = TypeVar("_Answer")


def wait_for(
    what: str, ask: Callable[[], _Answer | None], *, seconds: float = 120.0, every: float = 0.05
) -> _Answer:
    """Call until the result is true, and return it; fail with `what` when it takes too long."""
    until = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(every)


def free_port() -> int:
    """Return a port of loopback on which nothing listens, and that no other test gets.

    It lies below those that systems give to connections, and each worker has a range of its own.
    """
    for port in _PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is left")


def _own_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = int(os.environ.get(FIRST_PORT, "12000")) + worker % 5 * 2_000
    # Another run on this machine begins elsewhere.
    begin = random.SystemRandom().randrange(2_000)
    yield from itertools.cycle([*range(first + begin, first + 2_000), *range(first, first + begin)])


_PORTS = itertools.islice(_own_ports(), 20_000)


# --- PostgreSQL ---------------------------------------------------------------------------------


def find_postgres() -> str | None:
    """Return the address of a PostgreSQL server on which databases may be made, or None.

    It is DATABASE_URL if that is set, else the default local address with the usual names.
    """
    if GIVEN_POSTGRES in os.environ:  # `tests.run` has looked already
        return os.environ[GIVEN_POSTGRES] or None
    given = os.environ.get("DATABASE_URL")
    names = dict.fromkeys(("postgres", "root", getpass.getuser()))
    candidates = [given] if given else [f"postgres://{name}@127.0.0.1:5432/" for name in names]
    return next((url for url in candidates if _may_make_databases(url)), None)


def _may_make_databases(url: str) -> bool:
    try:
        with _administer(url) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


@contextmanager
def _administer(url: str) -> Iterator["psycopg.Connection[Any]"]:
    # The named database is not touched: the connection goes to the server's own one.
    with psycopg.connect(
        database_url(url, "postgres"), autocommit=True, connect_timeout=3
    ) as connection:
        yield connection


def database_url(url: str, name: str) -> str:
    """Return the address of the database `name` on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def new_name() -> str:
    """Return a name for something of one test, which begins with that of the run."""
    return os.environ.get(RUN, "") + secrets.token_hex(6)


def new_database_name() -> str:
    """Return a name that only tests use."""
    return f"{DATABASE_PREFIX}{new_name()}"


def make_database(url: str, name: str, *, template: str = "template0") -> str:
    """Make a database, as a copy of `template` if one is given; returns its address."""
    with _administer(url) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return database_url(url, name)


def drop_databases(url: str, prefix: str) -> None:
    """Drop the tests' databases whose names start with `prefix`, ending their connections."""
    if not prefix.startswith(DATABASE_PREFIX):
        raise ValueError(prefix)
    with _administer(url) as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
        ).fetchall()
        for (name,) in found:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


# --- Redis --------------------------------------------------------------------------------------


def find_redis() -> str | None:
    """Return the address of a Redis that answers: REDIS_URL, or the default local one."""
    if GIVEN_REDIS in os.environ:
        return os.environ[GIVEN_REDIS] or None
    url = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


def delete_redis_keys(url: str, prefix: str) -> int:
    """Delete the keys that start with `prefix`, one by one; returns how many there were."""
    if not prefix.startswith("test-"):
        raise ValueError(prefix)
    count = 0
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)
            count += 1
    return count


class OwnRedis:
    """A Redis of one test, so that it can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def is_installed() -> bool:
        """Return True where the program is installed."""
        return shutil.which("redis-server") is not None

    def start(self) -> None:
        """Start it, empty."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for("redis-server", lambda: _listens(self.port), seconds=_START_SECONDS)

    def kill(self) -> None:
        """Kill it; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


# --- S3 -----------------------------------------------------------------------------------------


class OwnS3:
    """rclone serves a folder as S3; each bucket is a folder in it.

    `public_url` stands for a public bucket or a CDN: it serves the media bucket to guests.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._public_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.key, self.secret = secrets.token_hex(10), secrets.token_hex(20)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.public_url = f"http://127.0.0.1:{self._public_port}"

    @staticmethod
    def program() -> Path:
        """Return rclone, which comes with the development packages."""
        return Path(sys.executable).with_name("rclone")

    def start(self) -> None:
        """Serve; the folder and its buckets are made if they are not there."""
        for bucket in BUCKETS:
            (self.folder / bucket).mkdir(parents=True, exist_ok=True)
        common = ("--log-level", "ERROR", "--config", os.devnull)
        commands: list[list[str | Path]] = [
            [self.program(), "serve", "s3", "--auth-key", f"{self.key},{self.secret}",
             "--addr", f"127.0.0.1:{self.port}", "--vfs-cache-mode", "off", "--no-cleanup",
             *common, self.folder],
            [self.program(), "serve", "http", "--addr", f"127.0.0.1:{self._public_port}",
             "--dir-cache-time", "0s", *common, self.folder / "media"],
        ]  # fmt: skip
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), RUN: os.environ.get(RUN, "")}
        self._processes = [
            subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) for command in commands
        ]
        for port in (self.port, self._public_port):
            wait_for("rclone", partial(_listens, port), seconds=_START_SECONDS)
        assert all(process.poll() is None for process in self._processes), "its port was taken"

    def stop(self) -> None:
        """End it; the folder stays."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes = []

    def environment(self) -> dict[str, str]:
        """Return the variables that point MangaKG at it."""
        return {
            "S3_ENDPOINT_URL": self.url,
            "S3_REGION": "us-east-1",
            "S3_BUCKET_MEDIA": "media",
            "S3_BUCKET_QUARANTINE": "quarantine",
            "S3_ACCESS_KEY_ID": self.key,
            "S3_SECRET_ACCESS_KEY": self.secret,
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def given_s3() -> dict[str, str] | None:
    """Return the S3 variables of this environment, or None where they are not all there."""
    wanted = ("S3_ENDPOINT_URL", "S3_BUCKET_MEDIA", "S3_BUCKET_QUARANTINE",
              "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")  # fmt: skip
    found = {name: value for name, value in os.environ.items() if name.startswith("S3_") and value}
    return found if all(name in found for name in wanted) else None


def delete_objects(environment: dict[str, str], prefix: str) -> None:
    """Delete the objects below the folder `prefix` of both buckets."""
    if not prefix.startswith("test-"):
        raise ValueError(prefix)
    client = botocore.session.get_session().create_client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        region_name=environment.get("S3_REGION", "auto"),
        aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )
    for name in ("S3_BUCKET_MEDIA", "S3_BUCKET_QUARANTINE"):
        bucket = environment[name]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                client.delete_object(Bucket=bucket, Key=item["Key"])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
