"""Every route of the API x every member of the cast. A route without a row fails.

How to write a row: `(method, route, what is asked): expect(...)`. `expect(200)` is what a route
behind a login answers: 200 to people, 401 to nobody and to the deleted, 403 to the banned and to
API keys. Name whoever gets something else: `expect(204, nobody=204)`, `expect(403, **staff(200))`.
API keys belong to the uploader and are named by their scope, or `keys=` for all three.
OPEN, LOGIN, READ, UPLOAD, MODERATORS, OWN and OWN_IN_OPEN are the usual ones; `OPEN | {...}`
changes one.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import URLPattern
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.auth.api_keys import make_key, remove_keys
from accounts.auth.passwords import replace_password
from accounts.auth.second_factor import begin_second_factor
from accounts.auth.sessions import end_all_sessions, open_session
from accounts.models import User, Visibility
from accounts.profile.account_deletion import delete_account
from accounts.roles.bans import ban_user
from accounts.scopes import SCOPES
from catalog.choices import Moderation
from catalog.models import Title
from common.work.jobs import record_job, start_job
from reader.models import Chapter
from reader.reading.marks import MARKS
from reader.states import UploadState
from safety.warnings import warn_user
from sources.models import SourceChapter, SourceFollow, SourceSettings
from tests.cast import (
    PASSWORD,
    client_of,
    make_title,
    make_upload_row,
    make_user,
    totp_code,
)
from tests.reader.archive_builders import make_chapter_zip, page_bytes
from tests.routes import api_routes
from tests.tracker.builders import keep
from tracker.library.lists import make_list, put_entry
from tracker.library.tags import make_tag
from tracker.models import LibraryChange, LibraryList

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

PEOPLE = (
    "nobody", "reader", "uploader", "other", "trusted", "moderator", "admin", "banned",
    "unconfirmed", "deleted",
)  # fmt: skip
KEYS = tuple(f"key_{scope}" for scope in SCOPES)
CAST = (*PEOPLE, *KEYS)
Row = dict[str, int]


def expect(everybody: int, *, keys: int = 403, **others: int) -> Row:
    """Return the status for each of the cast: `everybody` unless it is said otherwise."""
    strangers = {"nobody": 401, "banned": 403, "deleted": 401} | dict.fromkeys(KEYS, keys)
    assert not others.keys() - set(CAST), others
    return dict.fromkeys(CAST, everybody) | strangers | others


def staff(status: int) -> Row:
    """The same for moderators and admins."""
    return {"moderator": status, "admin": status}


# Behind a login, and closed to API keys.
LOGIN = expect(200)
# Open to keys for reading, or for uploading.
READ = LOGIN | {"key_read": 200}
UPLOAD = LOGIN | {"key_upload": 200}
# What anybody sees, from a cached list; a banned person's token is over.
OPEN = READ | {"nobody": 200, "banned": 401}
MODERATORS = expect(403, **staff(200))
# Whoever asks: it takes a key, which none of them has.
ANYBODY_400 = dict.fromkeys(CAST, 400)
# What belongs to the uploader, found by who may see it.
OWN = expect(404, uploader=200, **staff(200))
OWN_IN_OPEN = OWN | {"nobody": 404, "banned": 401, "key_read": 200}
# Everybody's own library, and what is in the uploader's: nobody else, no moderator either, sees it.
LIBRARY = LOGIN | {"key_library": 200}
MADE = expect(201, key_library=201)
KEPT = expect(404, uploader=200, key_library=200)
REMOVED = expect(404, uploader=204, key_library=204)

WORD, ID, NAME, TITLE, SLUG = "{word}", "{id}", "{name}", "{title_id}", "{slug}"
SOURCE = "{source}"
CHAPTER = "{chapter}"
# (method, route, what is asked) -> the statuses in the order of CAST
MATRIX: dict[tuple[str, str, str], Row] = {
    ("POST", "auth/token", "/api/auth/token"):
        expect(200, deleted=401, keys=200),
    ("POST", "auth/refresh", "/api/auth/refresh"):
        expect(200, banned=401, keys=401),
    ("POST", "auth/logout", "/api/auth/logout"):
        expect(204, nobody=204, banned=204, deleted=204, keys=204),
    ("POST", "auth/register", "/api/auth/register"):
        expect(201, nobody=201, banned=201, deleted=201, keys=201),
    ("POST", "auth/email/confirm", "/api/auth/email/confirm"): ANYBODY_400,
    ("POST", "auth/email/resend", "/api/auth/email/resend"): expect(204),
    ("POST", "auth/email/change", "/api/auth/email/change"): expect(202),
    ("DELETE", "auth/email/change", "/api/auth/email/change"): expect(204),
    ("POST", "auth/password/change", "/api/auth/password/change"): LOGIN,
    ("POST", "auth/password/reset", "/api/auth/password/reset"): dict.fromkeys(CAST, 204),
    ("POST", "auth/password/reset/confirm", "/api/auth/password/reset/confirm"): ANYBODY_400,
    ("GET", "auth/me", "/api/auth/me"): READ,
    ("PATCH", "auth/me", "/api/auth/me"): LOGIN,
    ("DELETE", "auth/me", "/api/auth/me"): expect(204),
    ("GET", "auth/sessions", "/api/auth/sessions"): LOGIN,
    ("DELETE", "auth/sessions", "/api/auth/sessions"): expect(204),
    ("DELETE", f"auth/sessions/{ID}", "/api/auth/sessions/{session}"): expect(404, uploader=204),
    ("GET", "auth/keys", "/api/auth/keys"): LOGIN,
    ("POST", "auth/keys", "/api/auth/keys"): expect(201),
    ("DELETE", "auth/keys", "/api/auth/keys"): expect(204),
    ("DELETE", f"auth/keys/{ID}", "/api/auth/keys/{key}"): expect(404, uploader=204),
    ("GET", "auth/second-factor", "/api/auth/second-factor"): LOGIN,
    ("POST", "auth/second-factor", "/api/auth/second-factor"): LOGIN,
    ("DELETE", "auth/second-factor", "/api/auth/second-factor"): expect(409),
    ("POST", "auth/second-factor/confirm", "/api/auth/second-factor/confirm"): expect(400),
    ("POST", "auth/second-factor/recovery-codes", "/api/auth/second-factor/recovery-codes"):
        expect(409),
    ("GET", "jobs", "/api/jobs"): READ,
    ("GET", f"jobs/{ID}", "/api/jobs/{running}"): expect(404, uploader=200, key_read=200),
    ("GET", f"jobs/{ID}/items", "/api/jobs/{running}/items"):
        expect(404, uploader=200, key_read=200),
    ("POST", f"jobs/{ID}/stop", "/api/jobs/{running}/stop"):
        expect(404, uploader=200, key_library=200),
    ("POST", f"jobs/{ID}/undo", "/api/jobs/{done}/undo"):
        expect(404, uploader=200, key_library=200),
    ("POST", "auth/uploader-request", "/api/auth/uploader-request"):
        expect(409, reader=201, unconfirmed=403),
    ("PUT", "auth/me/avatar", "/api/auth/me/avatar"): expect(202, unconfirmed=403),
    ("DELETE", "auth/me/avatar", "/api/auth/me/avatar"): expect(204),
    ("POST", "auth/me/export", "/api/auth/me/export"): LOGIN,
    ("GET", f"users/{NAME}", "/api/users/uli"): READ | {"nobody": 200},
    ("GET", f"users/{NAME}", "/api/users/private"):
        expect(404, nobody=404, key_read=404, **staff(200)),
    ("GET", "titles", "/api/titles"): OPEN,
    ("GET", "titles", "/api/titles?scope=mine"): READ,
    ("GET", "titles", "/api/titles?scope=all"): MODERATORS,
    ("POST", "titles/batch", "/api/titles/batch"): expect(403, **staff(200)),
    ("POST", "titles/import", "/api/titles/import"): expect(403, **staff(202)),
    ("POST", f"titles/{WORD}/merge", "/api/titles/{series}/merge"): expect(403, **staff(200)),
    ("GET", f"titles/{WORD}", "/api/titles/{series}"): OPEN,
    ("GET", f"titles/{WORD}", "/api/titles/{pending}"): OWN_IN_OPEN,
    **{
        row: statuses
        for folder in ("movies", "anime", "shows")
        for row, statuses in {
            ("GET", folder, f"/api/{folder}"): OPEN,
            ("POST", folder, f"/api/{folder}"): expect(201, unconfirmed=403),
            ("GET", f"{folder}/{WORD}", f"/api/{folder}/{{{folder}}}"): OWN_IN_OPEN,
            ("PUT", f"{folder}/{WORD}", f"/api/{folder}/{{{folder}}}"): OWN,
            ("PATCH", f"{folder}/{WORD}", f"/api/{folder}/{{{folder}}}"): OWN,
            ("DELETE", f"{folder}/{WORD}", f"/api/{folder}/{{{folder}}}"):
                expect(404, uploader=204, **staff(204)),
        }.items()
    },
    ("POST", f"titles/{WORD}/screenshots", "/api/titles/{movies}/screenshots"):
        expect(404, uploader=403, **staff(201)),
    ("PUT", f"titles/{WORD}/screenshots", "/api/titles/{movies}/screenshots"):
        expect(404, uploader=403, **staff(400)),
    ("DELETE", f"titles/{WORD}/screenshots/{ID}", "/api/titles/{movies}/screenshots/1"):
        expect(404, uploader=403),
    ("GET", "sources/stats", "/api/sources/stats"): READ | {"nobody": 200},
    ("GET", "sources/status", "/api/sources/status"): READ | {"nobody": 200},
    ("POST", f"titles/{WORD}/refresh", "/api/titles/{series}/refresh"):
        expect(403, uploader=409, key_library=409, **staff(409)),
    ("POST", f"titles/{WORD}/refresh", "/api/titles/{pending}/refresh"):
        expect(404, uploader=403, key_library=403, **staff(409)),
    ("GET", "sources", "/api/sources"): READ | {"nobody": 200},
    ("GET", "sources/search", "/api/sources/search?q=x"): READ | {"nobody": 200},
    ("GET", "sources/autocomplete", "/api/sources/autocomplete?q=naruto"): READ | {"nobody": 200},
    ("GET", "sources/max", "/api/sources/max?q=naruto"): READ | {"nobody": 200},
    ("GET", f"sources/{SOURCE}/search", "/api/sources/anilist/search?q=x"):
        READ | {"nobody": 200},
    ("POST", f"sources/{SOURCE}/titles", "/api/sources/anilist/titles"):
        expect(202, key_library=202),
    ("GET", "categories", "/api/categories"): OPEN,
    ("GET", "tags", "/api/tags"): OPEN,
    ("GET", "series", "/api/series"): OPEN,
    ("GET", "series", "/api/series?scope=mine"): READ,
    ("GET", "series", "/api/series?scope=all"): MODERATORS,
    ("GET", f"series/{WORD}", "/api/series/{series}"): OPEN,
    ("GET", f"series/{WORD}", "/api/series/{pending}"): OWN_IN_OPEN,
    ("GET", f"series/{WORD}/chapters", "/api/series/{series}/chapters"): OPEN,
    ("GET", f"series/{WORD}/chapters", "/api/series/{pending}/chapters"): OWN_IN_OPEN,
    ("POST", f"series/{WORD}/chapters", "/api/series/{series}/chapters"):
        expect(202, reader=403, unconfirmed=403, key_upload=202),
    ("POST", f"series/{WORD}/chapters", "/api/series/{pending}/chapters"):
        expect(404, reader=403, unconfirmed=403, uploader=202, key_upload=202, **staff(202)),
    ("GET", f"series/{WORD}/progress", "/api/series/{series}/progress"): READ,
    ("GET", f"series/{WORD}/progress", "/api/series/{pending}/progress"): OWN | {"key_read": 200},
    ("GET", "chapters", "/api/chapters"): OPEN,
    ("GET", f"chapters/{ID}", "/api/chapters/{live}"): OPEN,
    ("GET", f"chapters/{ID}", "/api/chapters/{waiting}"): OWN_IN_OPEN,
    ("POST", f"series/{WORD}/marks", "/api/series/{series}/marks"): LOGIN | {"key_library": 200},
    ("POST", f"series/{WORD}/marks", "/api/series/{pending}/marks"): OWN | {"key_library": 200},
    ("PUT", f"chapters/{ID}/progress", "/api/chapters/{live}/progress"):
        LOGIN | {"key_library": 200},
    ("PUT", f"chapters/{ID}/progress", "/api/chapters/{waiting}/progress"):
        OWN | {"key_library": 200},
    ("DELETE", f"chapters/{ID}/progress", "/api/chapters/{live}/progress"):
        LOGIN | {"key_library": 200},
    ("DELETE", f"chapters/{ID}/progress", "/api/chapters/{waiting}/progress"):
        OWN | {"key_library": 200},
    ("GET", f"series/{WORD}/sources", "/api/series/{series}/sources"): MODERATORS,
    ("POST", f"series/{WORD}/sources", "/api/series/{series}/sources"):
        expect(403, **staff(202)),
    ("GET", f"series/{WORD}/sources/{ID}", "/api/series/{series}/sources/{follow}"): MODERATORS,
    ("PATCH", f"series/{WORD}/sources/{ID}", "/api/series/{series}/sources/{follow}"): MODERATORS,
    ("DELETE", f"series/{WORD}/sources/{ID}", "/api/series/{series}/sources/{follow}"):
        expect(403, **staff(204)),
    (
        "GET", f"series/{WORD}/sources/{ID}/chapters",
        "/api/series/{series}/sources/{follow}/chapters",
    ): MODERATORS,
    (
        "POST", f"series/{WORD}/sources/{ID}/chapters/{CHAPTER}/retry",
        "/api/series/{series}/sources/{follow}/chapters/{left_out}/retry",
    ): expect(403, **staff(202)),
    ("GET", "reading", "/api/reading"): READ,
    ("POST", "reading/progress", "/api/reading/progress"): LOGIN | {"key_library": 200},
    ("GET", "anilist/connect-url", "/api/anilist/connect-url"): expect(404),
    ("GET", "anilist/callback", "/api/anilist/callback"): expect(404, nobody=404),
    ("GET", "anilist/status", "/api/anilist/status"): LIBRARY,
    ("PATCH", "anilist/status", "/api/anilist/status"): expect(404, key_library=404),
    ("POST", "anilist/disconnect", "/api/anilist/disconnect"): expect(204),
    ("POST", "anilist/import", "/api/anilist/import"): expect(404, key_library=404),
    ("POST", "anilist/sync", "/api/anilist/sync"): expect(404, key_library=404),
    ("GET", "anilist/waiting", "/api/anilist/waiting"): LIBRARY,
    ("GET", "anilist/conflicts", "/api/anilist/conflicts"): LIBRARY,
    ("POST", f"anilist/conflicts/{ID}", "/api/anilist/conflicts/1"): expect(404, key_library=404),
    ("GET", "library/items", "/api/library/items"): LIBRARY,
    ("POST", "library/items", "/api/library/items"): MADE,
    ("GET", f"library/items/{ID}", "/api/library/items/{item}"): KEPT,
    ("PATCH", f"library/items/{ID}", "/api/library/items/{item}"): KEPT,
    ("DELETE", f"library/items/{ID}", "/api/library/items/{item}"): REMOVED,
    ("POST", f"library/items/{ID}/progress", "/api/library/items/{item}/progress"): KEPT,
    ("GET", f"library/items/{ID}/history", "/api/library/items/{item}/history"): KEPT,
    ("GET", f"library/items/by-title/{ID}", "/api/library/items/by-title/{title}"): KEPT,
    ("POST", "library/bulk", "/api/library/bulk"): LIBRARY,
    ("GET", "library/unread", "/api/library/unread"): LIBRARY,
    ("GET", "library/summary", "/api/library/summary"): LIBRARY,
    ("GET", "library/settings", "/api/library/settings"): LIBRARY,
    ("PATCH", "library/settings", "/api/library/settings"): LIBRARY,
    ("GET", "library/history", "/api/library/history"): LIBRARY,
    ("POST", f"library/history/{ID}/undo", "/api/library/history/{change}/undo"): REMOVED,
    ("GET", "library/tags", "/api/library/tags"): LIBRARY,
    ("POST", "library/tags", "/api/library/tags"): MADE,
    ("PATCH", f"library/tags/{ID}", "/api/library/tags/{tag}"): KEPT,
    ("DELETE", f"library/tags/{ID}", "/api/library/tags/{tag}"): REMOVED,
    ("GET", "library/lists", "/api/library/lists"): LIBRARY,
    ("POST", "library/lists", "/api/library/lists"): MADE,
    ("GET", f"library/lists/{ID}", "/api/library/lists/{list}"): KEPT,
    ("PATCH", f"library/lists/{ID}", "/api/library/lists/{list}"): KEPT,
    ("DELETE", f"library/lists/{ID}", "/api/library/lists/{list}"): REMOVED,
    ("POST", f"library/lists/{ID}/items", "/api/library/lists/{list}/items"): KEPT,
    ("DELETE", f"library/lists/{ID}/items/{TITLE}", "/api/library/lists/{list}/items/{title}"):
        REMOVED,
    ("GET", f"lists/{SLUG}", "/api/lists/shared"): READ | {"nobody": 200},
    ("GET", f"lists/{SLUG}", "/api/lists/hidden"): dict.fromkeys(CAST, 404) | {
        "banned": 403, "deleted": 401, "key_library": 403, "key_upload": 403,
    },
    ("GET", "uploads", "/api/uploads"): UPLOAD,
    ("GET", "uploads", "/api/uploads?scope=mine"): UPLOAD,
    ("GET", "uploads", "/api/uploads?scope=all"): MODERATORS,
    ("GET", "uploads/quota", "/api/uploads/quota"):
        expect(200, reader=403, unconfirmed=403, key_upload=200),
    ("GET", f"uploads/{ID}", "/api/uploads/{upload}"): OWN | {"key_upload": 200},
    ("DELETE", f"uploads/{ID}", "/api/uploads/{upload}"):
        expect(404, uploader=204, key_upload=204, **staff(204)),
    ("GET", "moderation/summary", "/api/moderation/summary"): LOGIN,
    ("GET", "reports", "/api/reports"): LOGIN,
    ("POST", "reports", "/api/reports"): expect(201, unconfirmed=403),
    ("GET", "reports/reasons", "/api/reports/reasons"): READ | {"nobody": 200},
    ("GET", "warnings", "/api/warnings"): LOGIN,
    ("POST", f"warnings/{ID}/seen", "/api/warnings/{warning}/seen"): expect(404, uploader=204),
    ("GET", "site", "/api/site"): OPEN,
    ("GET", "schema", "/api/schema"):
        expect(200, nobody=200, banned=200, deleted=200, keys=200),
}  # fmt: skip
METHODS = ("get", "post", "put", "patch", "delete")


def route_of(pattern: URLPattern) -> str:
    route = str(pattern.pattern).removeprefix("^").removesuffix("/?$")
    route = route.replace(r"(?P<id_or_slug>[-\w]+)", WORD).replace("(?P<pk>[0-9]{1,18})", ID)
    route = route.replace(r"(?P<slug>[-\w]{1,120})", SLUG)
    route = route.replace("(?P<title_id>[0-9]{1,18})", TITLE)
    route = route.replace("(?P<source>[a-z0-9_-]+)", SOURCE)
    route = route.replace("(?P<chapter>[0-9]{1,18})", CHAPTER)
    return route.replace("(?P<username>[^/]{1,60})", NAME)


def routes() -> set[tuple[str, str]]:
    return {
        (method.upper(), route_of(pattern))
        for pattern in api_routes()
        for method in METHODS
        if hasattr(pattern.callback.view_class, method)  # type: ignore[attr-defined]
    }


def test_every_route_and_method_has_a_row():
    assert {(method, route) for method, route, _asked in MATRIX} == routes()


@pytest.fixture
def house(moderator_mo, admin_aida, monkeypatch):
    """The cast, and one thing of each kind that they ask for."""
    uploader = make_user("uli", "uploader")
    people = {
        "nobody": None,
        "reader": make_user("rina"),
        "uploader": uploader,
        "other": make_user("otto", "uploader"),
        "trusted": make_user("toktogul", "trusted"),
        "moderator": moderator_mo,
        "admin": admin_aida,
        "banned": make_user("boris", "uploader"),
        "unconfirmed": make_user("nina", "uploader", confirmed=False),
        "deleted": make_user("dastan", "uploader"),
    }
    User.objects.filter(pk=make_user("private").pk).update(visibility=Visibility.PRIVATE)
    # No worker answers here: nothing that is asked of a source is worth waiting for.
    monkeypatch.setattr("sources.answers.asking._watch", lambda _keys, _until: None)
    series = make_title()
    pending = make_title("Secret", moderation=Moderation.PENDING, created_by=uploader)
    proposed = {
        folder: make_title(kind, kind=kind, moderation=Moderation.PENDING, created_by=uploader).pk
        for folder, kind in (("movies", "movie"), ("anime", "anime"), ("shows", "show"))
    }
    live = make_upload_row(uploader=uploader, series=series)
    waiting = make_upload_row(uploader=uploader, series=series, state=UploadState.AWAITING_REVIEW)
    open_session(uploader)
    key, _text = make_key(
        uploader, name="Tachiyomi", scopes=SCOPES, expires_in_days=None, password=PASSWORD
    )
    item = keep(uploader, series)
    shared = make_list(uploader, name="Shared", is_public=True)
    put_entry(uploader, shared.pk, title_id=series.pk)
    hidden = make_list(uploader, name="Hidden")
    for kept, slug in ((shared, "shared"), (hidden, "hidden")):
        LibraryList.objects.filter(pk=kept.pk).update(slug=slug)
    places = {
        **proposed, "item": item.pk, "title": series.pk, "list": shared.pk,
        "change": LibraryChange.objects.get().pk, "tag": make_tag(uploader, name="cosy").pk,
        "running": start_job(MARKS, owner=uploader, items=[]).pk,
        "done": record_job(MARKS, owner=uploader, items=[], undo_for=timedelta(days=1)).pk,
        "session": uploader.sessions.get().pk, "key": key.pk,
        "series": series.slug, "pending": pending.pk, "live": live.chapter_id,
        **take_chapters(series),
        "waiting": waiting.chapter_id, "upload": waiting.pk,
        "warning": warn_user(uploader, moderator=moderator_mo, text="Credit the translators.").pk,
    }  # fmt: skip
    return people, places


def take_chapters(series: Title) -> dict[str, int]:
    """Take chapters from a source whose terms an admin has read; one of them was left out."""
    SourceSettings.objects.create(source="mangadex", chapters_enabled=True)
    follow = SourceFollow.objects.create(
        series=series, source="mangadex", external_id="1", languages=["en"]
    )
    left_out = SourceChapter.objects.create(
        follow=follow, source="mangadex", external_id="2", language="en", number=1,
        state="skipped", reason="external",
    )  # fmt: skip
    return {"follow": follow.pk, "left_out": left_out.pk}


_numbers = itertools.count(1)


def body_for(method: str, route: str, name: str, refresh_token: str) -> dict[str, Any]:
    """What a request of that route needs to be taken."""
    bodies: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
        ("POST", "auth/token"): lambda: {"username": name, "password": PASSWORD},
        ("POST", "auth/refresh"): lambda: {"refresh_token": refresh_token},
        ("POST", "auth/logout"): lambda: {"refresh_token": refresh_token},
        ("POST", "auth/email/confirm"): lambda: {"key": "x"},
        ("POST", "auth/email/change"): lambda: {
            "email": f"fresh{next(_numbers)}@example.test", "password": PASSWORD,
        },
        ("POST", "auth/password/change"): lambda: {
            "old_password": PASSWORD, "new_password": f"{PASSWORD}-2",
        },
        ("POST", "auth/password/reset"): lambda: {"email": "uli@example.test"},
        ("POST", "auth/password/reset/confirm"): lambda: {"key": "x", "password": PASSWORD},
        ("POST", "auth/register"): lambda: {
            "username": f"fresh{next(_numbers)}", "email": "fresh@example.test",
            "password": PASSWORD,
        },
        ("PATCH", "auth/me"): lambda: {"display_name": "Somebody"},
        ("DELETE", "auth/me"): lambda: {"password": PASSWORD},
        ("PUT", "auth/me/avatar"): lambda: {
            "file": SimpleUploadedFile("me.png", page_bytes("png")),
        },
        ("POST", "auth/me/export"): lambda: {"password": PASSWORD},
        ("POST", "auth/keys"): lambda: {
            "name": "OPDS", "scopes": ["read"], "expires_in_days": None, "password": PASSWORD,
        },
        ("POST", "auth/second-factor"): lambda: {"password": PASSWORD},
        ("DELETE", "auth/second-factor"): lambda: {"password": PASSWORD, "code": "123456"},
        ("POST", "auth/second-factor/confirm"): lambda: {"enrolment": "x", "code": "123456"},
        ("POST", "auth/second-factor/recovery-codes"): lambda: {
            "password": PASSWORD, "code": "123456",
        },
        ("POST", "auth/uploader-request"): lambda: {"text": "I translate."},
        ("POST", f"anilist/conflicts/{ID}"): lambda: {"keep": "mine"},
        ("POST", "library/items"): lambda: {"title": "Manas", "type": "novel"},
        ("PATCH", f"library/items/{ID}"): lambda: {"score": 90},
        ("POST", f"library/items/{ID}/progress"): lambda: {"by": 1},
        ("PATCH", "library/settings"): lambda: {"score_format": "points10"},
        ("POST", "library/bulk"): lambda: {"filter": {}, "set": {"favourite": True}},
        ("POST", "library/tags"): lambda: {"name": "rainy day"},
        ("PATCH", f"library/tags/{ID}"): lambda: {"name": "warm"},
        ("POST", "library/lists"): lambda: {"name": "For the road"},
        ("PATCH", f"library/lists/{ID}"): lambda: {"description": "Long ones."},
        ("POST", f"library/lists/{ID}/items"): lambda: {
            "title_id": Title.objects.get(name="Naruto").pk,
        },
        ("POST", f"sources/{SOURCE}/titles"): lambda: {"id": "1"},
        ("POST", "reports"): lambda: {
            "subject_type": "title", "subject_id": Title.objects.get(name="Naruto").pk,
            "reason": "spam",
        },
        ("PUT", f"chapters/{ID}/progress"): lambda: {
            "page": 1, "changed_at": "2026-01-01T00:00:00Z",
        },
        ("POST", f"series/{WORD}/marks"): lambda: {
            "read": True, "chapters": list(Chapter.objects.values_list("pk", flat=True)),
        },
        ("POST", "reading/progress"): lambda: {
            "rows": [
                {"chapter": pk, "page": 1, "changed_at": "2026-01-01T00:00:00Z"}
                for pk in Chapter.objects.order_by("pk").values_list("pk", flat=True)
            ],
        },
        ("POST", f"series/{WORD}/sources"): lambda: {"source": "mangadex", "id": "3"},
        ("PATCH", f"series/{WORD}/sources/{ID}"): lambda: {"follow": True},
        ("POST", "titles/batch"): lambda: {"ids": [1], "delete": True},
        ("POST", "titles/import"): lambda: {"rows": [{"kind": "movie", "name": "Ак кеме"}]},
        ("POST", f"titles/{WORD}/merge"): lambda: {"into": make_title("Манас").pk},
        ("POST", f"titles/{WORD}/screenshots"): lambda: {
            "file": SimpleUploadedFile("shot.png", page_bytes("png")),
        },
        ("PUT", f"titles/{WORD}/screenshots"): lambda: {"ids": [1]},
        **{
            (method, f"{folder}{word}"): lambda: {"name": f"Ак кеме {next(_numbers)}"}
            for folder in ("movies", "anime", "shows")
            for method, word in (("POST", ""), ("PUT", f"/{WORD}"), ("PATCH", f"/{WORD}"))
        },
        ("POST", f"series/{WORD}/chapters"): lambda: {
            "file": SimpleUploadedFile("c.zip", make_chapter_zip(2)), "number": "77",
        },
    }  # fmt: skip
    return bodies.get((method, route), dict)()


def credentials(people: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return each member's Authorization and refresh token."""
    found = {"nobody": ("", "x")}
    for role, user in people.items():
        if user is not None:
            tokens = open_session(user)
            found[role] = f"Bearer {tokens.access_token}", tokens.refresh_token
    for scope in SCOPES:
        _key, text = make_key(
            people["uploader"], name=scope, scopes=[scope], expires_in_days=30, password=PASSWORD
        )
        found[f"key_{scope}"] = f"Bearer {text}", text
    return found


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0]} {row[2]}")
def test_everybody_gets_what_is_theirs(
    row, house, moderator_mo, django_capture_on_commit_callbacks
):
    method, route, asked = row
    people, places = house
    shown = credentials(people)
    with django_capture_on_commit_callbacks(execute=True):
        ban_user(people["banned"], moderator=moderator_mo, reason="spam")
        delete_account(people["deleted"], password=PASSWORD)

    answered = {}
    for role in CAST:
        authorization, refresh_token = shown[role]
        client = APIClient()
        if authorization:
            client.credentials(HTTP_AUTHORIZATION=authorization)
        user = people["uploader"] if role in KEYS else people[role]
        body = body_for(method, route, user.username if user else "nobody", refresh_token)
        is_form = "file" in body
        point = transaction.savepoint()  # what one does, the next has not seen
        answer = (
            client.generic(method, asked.format(**places))
            if not body
            else getattr(client, method.lower())(
                asked.format(**places), body, format="multipart" if is_form else "json"
            )
        )
        transaction.savepoint_rollback(point)
        answered[role] = answer.status_code
        if answer.status_code >= 400:
            assert b"code" in answer.content
            assert b"detail" in answer.content

    assert answered == MATRIX[row]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_a_route_does_not_know_is_told_so(method, moderator_mo):
    client = client_of(moderator_mo)
    for pattern in api_routes():
        if hasattr(pattern.callback.view_class, method):  # type: ignore[attr-defined]
            continue
        path = route_of(pattern).replace(WORD, "1").replace(ID, "1").replace(NAME, "1")
        path = path.replace(TITLE, "1").replace(SLUG, "a").replace(SOURCE, "a")
        path = path.replace(TITLE, "1").replace(SLUG, "a").replace(CHAPTER, "1")

        answer = getattr(client, method)(f"/api/{path}")

        assert answer.status_code == 405, path
        assert b"method_not_allowed" in answer.content


# --- Late bodies: let in with the headers, and out before the body is here ----------------------


def reset_by_mail(user: User, _admin: User) -> None:
    assert replace_password(user, "a-yurt-on-the-jailoo")
    remove_keys(user)


def ban(user: User, admin: User) -> None:
    ban_user(user, moderator=admin, reason="spam")


def log_out_everywhere(user: User, _admin: User) -> None:
    end_all_sessions(user)


def end_keys(user: User, _admin: User) -> None:
    remove_keys(user)


def writing_rows() -> list[tuple[tuple[str, str, str], str]]:
    """Return each row that writes by who asks, with one person whom it serves, and each key."""
    found = []
    for (method, route, asked), statuses in MATRIX.items():
        [view] = {p.callback.view_class for p in api_routes() if route_of(p) == route}  # type: ignore[attr-defined]
        if method == "GET" or view.authentication_classes == ():
            continue
        # Where nobody is served, as without a second factor, the uploader is tried.
        people = [role for role in PEOPLE if statuses[role] < 400]
        who = "uploader" if "uploader" in people or not people else people[0]
        served_keys = [role for role in KEYS if statuses[role] < 400]
        found += [((method, route, asked), role) for role in (who, *served_keys)]
    return found


def everything() -> dict[str, list[Any]]:
    """Return all rows of all tables."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and model._meta.app_label not in ("auth", "contenttypes")
    }


def served_body(method: str, route: str, user: User, refresh_token: str) -> dict[str, Any]:
    if route == "auth/second-factor/confirm":
        enrolment = begin_second_factor(user)
        return {"enrolment": enrolment.sealed, "code": totp_code(enrolment.secret)}
    return body_for(method, route, user.username, refresh_token)


@pytest.mark.no_cover  # what it walks, quicker tests cover
@pytest.mark.parametrize("end_authority", [reset_by_mail, ban, log_out_everywhere, end_keys])
def test_who_is_out_before_the_body_is_here_changes_nothing(
    end_authority, house, admin_aida, monkeypatch
):
    people, places = house
    initial, before = APIView.initial, {}

    def let_in(view: APIView, request: Any, *args: Any, **place: Any) -> None:
        initial(view, request, *args, **place)
        end_authority(User.objects.get(pk=request.user.pk), admin_aida)
        before.update(everything())

    shown = credentials(people)
    monkeypatch.setattr(APIView, "initial", let_in)
    wrong = {}
    for (method, route, asked), role in writing_rows():
        if (role in KEYS and end_authority is log_out_everywhere) or (
            role not in KEYS and end_authority is end_keys
        ):
            continue  # that ends nothing here
        user = people["uploader" if role in KEYS else role]
        authorization, refresh_token = shown[role]
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=authorization)
        body = served_body(method, route, user, refresh_token)
        point = transaction.savepoint()
        answer = getattr(client, method.lower())(
            asked.format(**places), body or None, format="multipart" if "file" in body else "json"
        )
        after = everything()
        transaction.savepoint_rollback(point)
        changed = {name for name, rows in after.items() if rows != before[name]}
        if answer.status_code not in (401, 403) or changed:
            wrong[method, asked, role] = answer.status_code, changed

    assert wrong == {}


def test_every_way_to_write_is_tried_with_a_late_body():
    tried = writing_rows()

    assert len(tried) >= 20
    assert {role for _row, role in tried} >= {"uploader", "reader", "key_upload", "key_library"}
