"""Sources that speak to their doubles."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sources.contract import Source
from sources.registry import all_sources
from tests.sources.double import Double
from tests.sources.doubles import DOUBLES
from tests.sources.plain_client import PlainClient


@pytest.fixture
def client() -> Iterator[PlainClient]:
    plain = PlainClient()
    yield plain
    plain.close()


@pytest.fixture
def connect(settings: Any, client: PlainClient) -> Iterator[Callable[[str], tuple[Any, Any]]]:
    """Start the double of a source; return both."""
    with ExitStack() as stack:

        def start(name: str) -> tuple[Source, Double]:
            site = stack.enter_context(DOUBLES[name]())
            settings.SOURCE_ADDRESSES = {**settings.SOURCE_ADDRESSES, **site.addresses()}
            return all_sources()[name](client), site

        yield start
