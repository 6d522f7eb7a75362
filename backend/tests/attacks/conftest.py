"""One server for all attacks, and a fresh user for each test that needs a victim."""

import itertools
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.settings import VICTIMS
from tests.processes.installation import Installation

_ENV = {
    "DJANGO_SETTINGS_MODULE": "tests.attacks.settings",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "MEDIA_NAME_KEY": secrets.token_urlsafe(48),
    "MANGAKG_SITE_URL": "https://manga.example",
    "ANILIST_CLIENT_ID": "1",
    "ANILIST_CLIENT_SECRET": secrets.token_urlsafe(16),
    "LOG_LEVEL": "DEBUG",
    "LOG_JSON": "1",
}


def pytest_configure(config: pytest.Config) -> None:
    """End as with Ctrl-C when terminated; otherwise processes would stay."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Installation]:
    """Run the embedded profile with all its protections except the throttles."""
    made = Installation("embedded", tmp_path_factory.mktemp("attacked") / "a server", _ENV)
    (made.folder / "data").mkdir(parents=True)
    shutil.copy(migrated, made.folder / "data")
    made.run("-m", "tests.attacks.people")
    made.start()
    yield made
    made.clean_up()


_numbers = itertools.count()


@pytest.fixture
def victim(server: Installation) -> str:
    """The name of a reader whom no other test uses."""
    number = next(_numbers)
    assert number < VICTIMS
    return f"victim{number}"


@pytest.fixture
def act(server: Installation) -> Callable[[str], None]:
    """Run Python code inside the installation, in a process of its own."""

    def run(code: str) -> None:
        server.run("-c", f"import django; django.setup()\n{code}")

    return run
