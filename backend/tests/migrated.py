"""What takes long to make, and is the same for all: made once by one process, for all of a run."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.services import RUN, find_postgres, make_database, new_database_name

BACKEND = Path(__file__).resolve().parent.parent
KEYS = {
    "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnop",
    "MEDIA_NAME_KEY": "only-for-tests-9876543210-zyxwvutsrqponmlk",
}


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that returns a folder, which the first to ask for its name has filled."""
    base = tmp_path_factory.getbasetemp()
    of_all_workers = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = Path(os.environ.get("TEST_FOLDER", of_all_workers))

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        folder, is_made = root / name, root / f"{name}.made"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                is_made.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def migrated(made_once: Callable[..., Path]) -> Path:
    """A migrated SQLite file; it is copied, and never opened."""

    def make(folder: Path) -> None:
        _migrate(folder)
        write_all_to_one_file(folder / "mangakg.sqlite3")

    return made_once("a migrated file", make) / "mangakg.sqlite3"


@pytest.fixture(scope="session")
def migrated_database(made_once: Callable[..., Path]) -> str | None:
    """The name of a migrated PostgreSQL database that is copied; None where nobody removes it."""
    postgres = find_postgres()
    if postgres is None or RUN not in os.environ:
        return None

    def make(folder: Path) -> None:
        name = new_database_name()
        _migrate(folder, DATABASE_URL=make_database(postgres, name))
        (folder / "name").write_text(name)

    return (made_once("a migrated database", make) / "name").read_text()


def _migrate(folder: Path, **variables: str) -> None:
    env = {name: os.environ[name] for name in ("PATH", "HOME", RUN) if name in os.environ}
    command = [sys.executable, "manage.py", "migrate", "-v", "0"]
    env |= {**KEYS, **variables, "MANGAKG_DATA": str(folder)}
    subprocess.run(command, cwd=BACKEND, env=env, check=True)


def write_all_to_one_file(path: Path) -> None:
    """Move what is in SQLite's log to the file, so that the file can be copied alone."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
