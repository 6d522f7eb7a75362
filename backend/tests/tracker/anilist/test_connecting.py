"""Accounts at AniList are connected, lose their tokens and are disconnected."""

from copy import deepcopy
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from django.conf import settings as django_settings
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from accounts.emails import send_email
from accounts.models import OutgoingEmail, User
from catalog.models import Title
from tests.cast import client_of, make_title, make_user
from tests.sources.double import cut
from tests.sources.doubles.anilist import outage
from tests.sources.doubles.anilist_lists import Person
from tests.tracker.anilist.conftest import connect, rest_budget
from tests.tracker.builders import keep
from tracker.anilist.client import KeyMissing, TokenRefused, lists_of, redirect_uri
from tracker.anilist.connecting import exchange_code, lose_token
from tracker.anilist.notices import look_at_ends
from tracker.anilist.tokens import seal_token
from tracker.choices import AniListState
from tracker.models import AniListAccount, AniListConflict, AniListEntry, LibraryItem

STATUS, CALLBACK = "/api/anilist/status", "/api/anilist/callback"
pytestmark = pytest.mark.django_db


class _Stays(HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


def allow(url: str, person: Person | None) -> dict[str, str]:
    """Do at AniList's page what a browser does there; return what it brings back."""
    asked = parse_qs(urlsplit(url).query)
    page = build_opener().open(url).read().decode()
    assert "Authorize" in page
    form = {name: values[0] for name, values in asked.items()}
    form["person"] = str(person.id) if person else "0"
    try:
        build_opener(_Stays).open(url.partition("?")[0], urlencode(form).encode())
    except OSError as answer:
        target = answer.headers["Location"]
    assert target.startswith(redirect_uri() + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def begin(user: User) -> tuple[str, Client]:
    """Return the page at AniList, and the browser that is to go there."""
    answer = client_of(user).get("/api/anilist/connect-url")
    browser = Client()
    browser.cookies = answer.cookies
    return answer.json()["url"], browser


def come_back(user: User, person: Person | None) -> str:
    """Go there and back; return where the browser lands."""
    url, browser = begin(user)
    return browser.get(CALLBACK, allow(url, person))["Location"]


def status(user: User) -> Any:
    return client_of(user).get(STATUS).json()


def test_an_account_is_connected_by_the_page_of_anilist(reader_rina, anilist, aida):
    anilist.redirect_uris = {redirect_uri()}

    url, browser = begin(reader_rina)
    cookie = browser.cookies[django_settings.ANILIST_COOKIE_NAME]
    landed = browser.get(CALLBACK, allow(url, aida))
    waits = status(reader_rina)
    exchange_code.run(reader_rina.pk)
    told = status(reader_rina)
    account = AniListAccount.objects.get()

    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", CALLBACK)
    assert (landed.status_code, landed["Location"]) == (302, "/settings/anilist")
    assert landed["Cache-Control"] == "private, no-store"
    assert not landed.cookies[django_settings.ANILIST_COOKIE_NAME].value
    assert (waits["state"], waits["name"]) == ("connecting", "")
    assert (told["state"], told["name"], told["error"]) == ("connected", "Aida", None)
    assert told["score_format"] == "POINT_10_DECIMAL"
    assert told["expires_at"] > f"{timezone.now() + timedelta(days=364):%Y-%m-%d}"
    assert (account.anilist_id, account.code, account.code_at) == (aida.id, "", None)
    assert lists_of(account).get_viewer().name == "Aida"
    assert not list(exchange_code.due())


def test_without_a_client_of_the_operator_there_is_nothing(reader_rina, settings):
    settings.ANILIST_CLIENT_ID = ""
    client = client_of(reader_rina)

    told = status(reader_rina)
    refused = [
        client.get("/api/anilist/connect-url"), client.get(CALLBACK),
        client.patch(STATUS, {"is_paused": True}),
    ]  # fmt: skip

    assert (told["is_available"], told["state"]) == (False, "")
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(404, "anilist_off")] * 3


def test_whoever_comes_back_has_begun_here_and_in_this_browser(
    reader_rina, anilist, aida, monkeypatch
):
    url, browser = begin(reader_rina)
    back = allow(url, aida)
    _url, other = begin(make_user("other"))
    forged = signing.dumps({"user": reader_rina.pk, "once": "x", "browser": "y"}, salt="forged")

    places = [
        Client().get(CALLBACK, back),  # no cookie: another browser
        other.get(CALLBACK, back),  # that of somebody else
        browser.get(CALLBACK, back | {"state": back["state"][:-2] + "xx"}),
        browser.get(CALLBACK, back | {"state": forged}),
        browser.get(CALLBACK, {"code": back["code"]}),
    ]
    nothing = AniListAccount.objects.exists()
    good = browser.get(CALLBACK, back)
    browser.cookies = other.cookies
    url, browser = begin(reader_rina)
    kept = deepcopy(browser.cookies)
    back = allow(url, aida)
    browser.get(CALLBACK, back)
    browser.cookies = kept
    again = browser.get(CALLBACK, back)  # the same once more, cookie and all
    url, browser = begin(reader_rina)
    late = allow(url, aida)
    monkeypatch.setattr("tracker.anilist.connecting.STATE_SECONDS", -1)
    too_late = browser.get(CALLBACK, late)

    assert {place["Location"] for place in places} == {"/settings/anilist?error=anilist_state"}
    assert not nothing
    assert good["Location"] == "/settings/anilist"
    assert again["Location"] == too_late["Location"] == "/settings/anilist?error=anilist_state"


def test_whoever_does_not_allow_it_is_not_connected(reader_rina, anilist, aida):
    assert come_back(reader_rina, None) == "/settings/anilist?error=anilist_denied"
    assert not AniListAccount.objects.exists()


def test_a_banned_user_is_not_connected(reader_rina, anilist, aida):
    url, browser = begin(reader_rina)
    User.objects.filter(pk=reader_rina.pk).update(
        banned_at=timezone.now(), banned_until=timezone.now() + timedelta(days=1)
    )

    assert browser.get(CALLBACK, allow(url, aida))["Location"].endswith("?error=banned")
    assert not AniListAccount.objects.exists()


def test_an_account_there_is_connected_once(reader_rina, uploader_uli, anilist, aida):
    bek = anilist.people.add("Bek")
    come_back(reader_rina, aida)
    exchange_code.run(reader_rina.pk)

    come_back(uploader_uli, aida)
    exchange_code.run(uploader_uli.pk)
    second = status(uploader_uli)
    come_back(reader_rina, bek)
    exchange_code.run(reader_rina.pk)
    other = status(reader_rina)

    assert (second["state"], second["error"]["code"]) == ("failed", "anilist_taken")
    assert (other["state"], other["name"]) == ("connected", "Aida")
    assert other["error"]["code"] == "anilist_other_account"


def test_a_code_waits_for_better_days_and_is_given_up_in_the_end(reader_rina, anilist, aida):
    come_back(reader_rina, aida)

    anilist.plan(outage(), path="/api/v2/oauth/token")
    exchange_code.run(reader_rina.pk)
    down = status(reader_rina)
    assert not list(exchange_code.due())  # not at once
    rest_budget()
    AniListAccount.objects.update(lease_until=None)
    exchange_code.run(reader_rina.pk)
    good = status(reader_rina)
    come_back(reader_rina, aida)
    anilist.plan(cut(b"{"), path="/api/v2/oauth/token", times=2)
    AniListAccount.objects.update(code_at=timezone.now() - timedelta(minutes=11))
    exchange_code.run(reader_rina.pk)
    given_up = status(reader_rina)

    assert (down["state"], down["error"]["code"]) == ("connecting", "source_down")
    assert (good["state"], good["error"]) == ("connected", None)
    assert given_up["state"] == "connected"  # by the token that it has
    assert given_up["error"]["code"] == "source_down"


def test_a_code_that_anilist_does_not_know_is_not_tried_again(reader_rina, anilist, aida):
    come_back(reader_rina, aida)
    anilist.people._codes.clear()

    exchange_code.run(reader_rina.pk)
    told = status(reader_rina)

    assert (told["state"], told["error"]["code"]) == ("failed", "anilist_token_refused")
    assert not list(exchange_code.due())


def wait_for_sending(user: User, title: Title) -> AniListEntry:
    account = AniListAccount.objects.get(user=user)
    return AniListEntry.objects.create(
        account=account, title=title, media_id=30101, waiting_since=timezone.now()
    )


@pytest.mark.parametrize("ends", ["revoked", "expired"])
def test_a_token_that_is_over_asks_to_connect_again_and_loses_nothing(
    reader_rina, anilist, aida, ends
):
    account = connect(reader_rina, aida, anilist)
    entry = wait_for_sending(reader_rina, make_title())
    if ends == "revoked":
        anilist.people.revoke(aida)
    else:
        account.token = seal_token(anilist.people.make_token(aida, seconds=-10))
        account.token_expires_at = timezone.now() - timedelta(seconds=10)
        account.save()

    with pytest.raises(TokenRefused):
        lists_of(account).get_viewer()
    lose_token(account)
    lost = status(reader_rina)
    with pytest.raises(TokenRefused):  # without another call
        lists_of(AniListAccount.objects.get())
    come_back(reader_rina, aida)
    exchange_code.run(reader_rina.pk)
    lose_token(account)  # a worker that is late: the token is another one by now
    told = status(reader_rina)

    assert (lost["state"], lost["error"]["code"]) == (ends, "anilist_token_refused")
    assert (lost["waiting"], told["waiting"], told["state"]) == (1, 1, "connected")
    assert AniListEntry.objects.get() == entry
    assert anilist.writes_of(aida) == []


def test_a_refresh_token_is_used_if_it_is_ever_of_use(reader_rina, anilist, aida):
    come_back(reader_rina, aida)
    exchange_code.run(reader_rina.pk)
    states = []
    for refreshes in (True, False):
        anilist.refreshes = refreshes
        anilist.people.revoke(aida)
        lose_token(AniListAccount.objects.get())
        exchange_code.run(reader_rina.pk)
        states.append(AniListAccount.objects.get().state)

    assert states == [AniListState.CONNECTED, AniListState.REVOKED]
    assert not list(exchange_code.due())
    assert AniListAccount.objects.get().refresh_token == ""


def test_without_its_key_a_token_is_kept_for_better_days(reader_rina, anilist, aida, settings):
    account = connect(reader_rina, aida, anilist)
    keys, settings.TOKEN_KEYS = settings.TOKEN_KEYS, ["another " * 8]

    with pytest.raises(KeyMissing):
        lists_of(account)
    settings.TOKEN_KEYS = keys

    assert lists_of(account).get_viewer().name == "Aida"


def test_people_are_told_before_the_end_and_once(reader_rina, uploader_uli, anilist, aida):
    bek = anilist.people.add("Bek")
    now = timezone.now()
    connect(reader_rina, aida, anilist, token_expires_at=now + timedelta(days=31))
    connect(uploader_uli, bek, anilist, token_expires_at=now + timedelta(days=300))
    told = []
    for days in (0, 2, 2, 20, 26, 26, 32):
        AniListAccount.objects.filter(user=reader_rina).update(
            token_expires_at=now + timedelta(days=31 - days)
        )
        look_at_ends()
        told.append(OutgoingEmail.objects.filter(kind="anilist_ends").count())
        if days == 26:
            assert status(reader_rina)["ends_soon"]
    for row in OutgoingEmail.objects.filter(kind="anilist_ends")[:1]:
        send_email.run(row.pk)

    assert told == [0, 1, 1, 1, 2, 2, 2]
    assert status(reader_rina)["state"] == "expired"
    assert not status(uploader_uli)["ends_soon"]
    assert mail.outbox == []  # it has ended meanwhile: the notice is of no use


def test_a_notice_says_when_it_ends(reader_rina, anilist, aida):
    now = timezone.now()
    connect(reader_rina, aida, anilist, token_expires_at=now + timedelta(days=5))
    User.objects.filter(pk=reader_rina.pk).update(language="ru")

    look_at_ends()
    send_email.run(OutgoingEmail.objects.get(kind="anilist_ends").pk)

    assert "/settings/anilist" in mail.outbox[0].body
    assert str((now + timedelta(days=5)).year) in mail.outbox[0].body
    assert "AniList" in mail.outbox[0].subject


def test_what_one_wants_of_it_is_set(reader_rina, outsider_otto, anilist, aida):
    connect(reader_rina, aida, anilist, pull_at=None, is_paused=True)
    client = client_of(reader_rina)

    told = client.patch(
        STATUS, {"direction": "pull", "conflicts": "ask", "send_notes": True}
    ).json()
    client.patch(STATUS, {"is_paused": False})
    wrong = client.patch(STATUS, {"direction": "up"})
    without = client_of(outsider_otto).patch(STATUS, {"is_paused": True})

    assert (told["direction"], told["conflicts"], told["send_notes"]) == ("pull", "ask", True)
    assert (told["send_scores"], told["is_paused"]) == (True, True)
    assert AniListAccount.objects.get().pull_at is not None
    assert (wrong.status_code, wrong.json()["fields"].keys()) == (400, {"direction"})
    assert (without.status_code, without.json()["code"]) == (409, "anilist_not_connected")


def test_disconnecting_forgets_the_token_and_keeps_the_library(reader_rina, anilist, aida):
    title = make_title()
    item = keep(reader_rina, title, notes="Менин жазуум")
    account = connect(reader_rina, aida, anilist)
    wait_for_sending(reader_rina, title)
    AniListConflict.objects.create(account=account, title=title, field="score", kept="waits")

    answers = [client_of(reader_rina).post("/api/anilist/disconnect") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert not AniListAccount.objects.exists()
    assert not AniListEntry.objects.exists()
    assert not AniListConflict.objects.exists()
    assert LibraryItem.objects.get().notes == item.notes
    assert status(reader_rina)["state"] == ""
