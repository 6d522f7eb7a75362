"""A token for AniList is read by nobody but the worker that uses it."""

import io
import logging
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from common.work.background import BackgroundTask
from mangakg.environment import Environment
from tests.cast import PASSWORD, client_of
from tests.tracker.anilist.conftest import connect
from tests.tracker.anilist.test_connecting import allow, begin
from tracker.anilist.client import lists_of
from tracker.anilist.connecting import exchange_code
from tracker.anilist.tokens import SEALED, CannotOpen, open_token, seal_token
from tracker.models import AniListAccount

OLD, NEW = "the old key, of many letters: 0123456789", "the new key, of many letters: 9876543210"


def rows_in_clear() -> str:
    """Return all that the database has of accounts, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tracker_anilistaccount")
        return repr(cursor.fetchall())


@pytest.mark.django_db
def test_no_place_shows_a_token_or_a_code(reader_rina, admin_aida, anilist, aida, caplog):
    caplog.set_level(logging.DEBUG)
    url, browser = begin(reader_rina)
    back = allow(url, aida)
    browser.get("/api/anilist/callback", back)
    waiting = rows_in_clear()
    exchange_code.run(reader_rina.pk)
    account = AniListAccount.objects.get()
    token = open_token(account.token)
    lists_of(account).get_viewer()
    anilist.people.revoke(aida)
    BackgroundTask("tests.fail", lambda pk: lists_of(account).get_viewer(), list, "x", 1).work(1)
    admin = Client()
    admin.force_login(admin_aida)
    pages = [
        admin.get("/admin/tracker/anilistaccount/").content.decode(),
        admin.get(f"/admin/tracker/anilistaccount/{account.pk}/change/").content.decode(),
        client_of(reader_rina).get("/api/anilist/status").content.decode(),
    ]

    assert back["code"] not in waiting
    assert len(token) > 100
    assert open_token(account.refresh_token)
    places = [rows_in_clear(), caplog.text, *pages, repr(account), str(account)]
    secrets = [token, token.rpartition(".")[2], open_token(account.refresh_token), back["code"]]
    for secret in secrets:
        assert not [place for place in places if secret in place]
    assert not [page for page in pages if account.token in page]
    assert "Aida" not in pages[0] + pages[1]  # nor who they are there


@pytest.mark.django_db(transaction=True)
def test_no_file_of_the_database_holds_a_token(reader_rina, anilist, aida):
    if connection.vendor != "sqlite":
        pytest.skip("the files are those of the embedded profile")
    account = connect(reader_rina, aida, anilist)
    token = open_token(account.token)
    place = Path(connection.settings_dict["NAME"])

    files = [file.read_bytes() for file in place.parent.glob(f"{place.name}*") if file.is_file()]

    assert any(account.token.encode() in file for file in files)  # sealed, it is there
    assert not [file for file in files if token.encode() in file]


@pytest.mark.django_db
def test_the_export_has_the_account_and_not_the_token(reader_rina, anilist, aida):
    account = connect(reader_rina, aida, anilist)
    answer = client_of(reader_rina).post("/api/auth/me/export", {"password": PASSWORD})
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer)))

    texts = {name: packed.read(name).decode() for name in packed.namelist()}

    assert "Aida" in texts["anilist.json"]
    assert not [name for name, text in texts.items() if open_token(account.token) in text]
    assert not [name for name, text in texts.items() if account.token in text]


@pytest.mark.django_db
def test_keys_are_rotated_one_beside_the_other(reader_rina, uploader_uli, anilist, aida, settings):
    settings.TOKEN_KEYS = [OLD]
    account = connect(reader_rina, aida, anilist, code=seal_token("a code"), code_at=None)
    other = connect(uploader_uli, anilist.people.add("Bek"), anilist, token="")

    settings.TOKEN_KEYS = [NEW, OLD]
    both = lists_of(account).get_viewer().name
    said = io.StringIO()
    call_command("rotate_tokens", stdout=said)
    call_command("rotate_tokens", stdout=said)  # again does no harm
    settings.TOKEN_KEYS = [NEW]
    after = AniListAccount.objects.get(pk=account.pk)

    assert both == lists_of(after).get_viewer().name == "Aida"
    assert open_token(after.code) == "a code"
    assert all(getattr(after, name) != getattr(account, name) for name in ("token", "code"))
    assert AniListAccount.objects.get(pk=other.pk).token == ""
    assert said.getvalue() == "Sealed anew: 2.\n" * 2
    settings.TOKEN_KEYS = [OLD]
    with pytest.raises(CannotOpen):
        open_token(after.token)
    with pytest.raises(CommandError, match="1 accounts"):
        call_command("rotate_tokens")
    assert AniListAccount.objects.get(pk=account.pk).token == after.token


def test_the_same_token_is_sealed_differently_each_time():
    assert seal_token("x") != seal_token("x")
    assert open_token(seal_token("Манас")) == "Манас"
    assert (seal_token(""), open_token("")) == ("", "")
    assert set(SEALED) == {"token", "refresh_token", "code"}


STRONG = "8f3a1c7e9b2d4f60a5c8e1b7d3f9024681357ace"
SERVICES = {
    "DATABASE_URL": "postgres://x", "SECRET_KEY": STRONG + "1", "MEDIA_NAME_KEY": STRONG + "2",
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({**SERVICES, "ANILIST_CLIENT_ID": "1", "ANILIST_CLIENT_SECRET": "x"}, "TOKEN_KEYS"),
        ({"ANILIST_CLIENT_ID": "1"}, "ANILIST_CLIENT_SECRET"),
        ({"ANILIST_CLIENT_ID": "my program"}, "ANILIST_CLIENT_ID"),
        ({"TOKEN_KEYS": "short"}, "TOKEN_KEYS"),
        ({"TOKEN_KEYS": f"{STRONG},{STRONG}"}, "twice"),
        ({**SERVICES, "TOKEN_KEYS": STRONG + "1"}, "keys of their own"),
    ],
)
def test_keys_that_are_missing_or_weak_stop_the_start(given, told, monkeypatch):
    for name in ("SECRET_KEY", "MEDIA_NAME_KEY"):
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValueError, match=told):
        Environment()


def test_without_anilist_an_installation_needs_no_keys_for_tokens(monkeypatch):
    for name, value in SERVICES.items():
        monkeypatch.setenv(name, value)

    assert Environment().TOKEN_KEYS == []
