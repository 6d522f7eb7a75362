"""A site that is asked, its plug-in, and a clock for what is known of it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from common.models import OutboundBudget
from sources.answers import answering, asking, counters
from tests.sources.doubles import MangaDex


@pytest.fixture(scope="module")
def server() -> Iterator[MangaDex]:
    with MangaDex() as double:
        yield double


@pytest.fixture
def site(server: MangaDex, settings, monkeypatch) -> MangaDex:
    """MangaDex's double as it was at first; nothing waits between two tries."""
    server.forget()
    settings.SOURCE_ADDRESSES = server.addresses()
    monkeypatch.setattr("common.outbound.calls._BACKOFF", lambda state: 0.0)
    counters._here.counts.clear()
    return server


@pytest.fixture
def clock(monkeypatch) -> Callable[[float], None]:
    """Stop the clock of answers; `clock(60)` moves it by a minute, and ends pauses of budgets."""
    now = [timezone.now()]
    stopped = SimpleNamespace(now=lambda: now[0])
    for module in (asking, answering, counters):
        monkeypatch.setattr(module, "timezone", stopped)

    def move(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)
        OutboundBudget.objects.update(
            calls=[], limited_until=None, open_until=None, people_until=None
        )

    return move
