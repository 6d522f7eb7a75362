"""AniList's double with people who have lists, and a site here that may ask it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from common.models import OutboundBudget
from common.outbound.budgets import Limit
from tests.sources.doubles import AniList
from tests.sources.doubles.anilist import CLIENT_ID, CLIENT_SECRET
from tests.sources.doubles.anilist_lists import Person
from tracker.anilist.tokens import seal_token
from tracker.choices import AniListState
from tracker.models import AniListAccount


@pytest.fixture(scope="session")
def anilist_server() -> Iterator[AniList]:
    with AniList() as double:
        yield double


@pytest.fixture
def anilist(anilist_server: AniList, settings, monkeypatch) -> AniList:
    """The double as it was at first. Its budget is wide, and nothing waits between two tries."""
    anilist_server.forget()
    settings.SOURCE_ADDRESSES = anilist_server.addresses()
    settings.ANILIST_CLIENT_ID, settings.ANILIST_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    monkeypatch.setattr("common.outbound.calls._BACKOFF", lambda state: 0.0)
    monkeypatch.setattr("sources.plugins.anilist.AniList.limits", {"": (Limit(10_000, 1.0),)})
    return anilist_server


@pytest.fixture
def aida(anilist: AniList) -> Person:
    """Somebody at AniList."""
    return anilist.people.add("Aida")


def connect(user: User, person: Person, site: AniList, **columns: Any) -> AniListAccount:
    """Connect an account at AniList, as it is when a worker has the token."""
    now = timezone.now()
    return AniListAccount.objects.create(
        user=user, anilist_id=person.id, anilist_name=person.name, score_format=person.score_format,
        **{
            "state": AniListState.CONNECTED, "connected_at": now, "pull_at": now,
            "token": seal_token(site.people.make_token(person)),
            "token_expires_at": now + timedelta(days=365), **columns,
        },
    )  # fmt: skip


def rest_budget() -> None:
    """End all pauses of budgets."""
    OutboundBudget.objects.update(
        calls=[], limited_until=None, open_until=None, people_until=None, failures=0
    )
