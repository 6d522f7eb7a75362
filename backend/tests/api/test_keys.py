"""/api/auth/keys, and what a program can do with one."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.auth.api_keys import MAX_KEYS, make_key, purge_keys
from accounts.emails import KINDS
from accounts.models import ApiKey, OutgoingEmail, User
from accounts.roles.bans import ban_user, lift_ban
from accounts.scopes import SCOPES
from catalog.choices import Moderation
from common.http.shared_cache import shared_cache
from reader.states import UploadState
from tests.api.test_access_matrix import ID, METHODS, route_of
from tests.cast import PASSWORD, client_of, make_title, make_upload_row, make_user
from tests.reader.archive_builders import make_chapter_zip
from tests.routes import api_routes

pytestmark = pytest.mark.django_db
PATHS = ("/api/auth/me", "/api/titles")  # behind DRF, and before it
FORM = {"name": "OPDS", "scopes": ["read"], "expires_in_days": 30, "password": PASSWORD}
# What takes no key at all, decided one by one; all else names its scope in `key_scopes`.
NEEDS_A_LOGIN = {
    "anilist/callback", "anilist/connect-url", "anilist/disconnect",
    "auth/email/change", "auth/email/resend", "auth/keys", f"auth/keys/{ID}", "auth/me/avatar",
    "auth/me/export", "auth/password/change", "auth/second-factor", "auth/second-factor/confirm",
    "auth/second-factor/recovery-codes", "auth/sessions", f"auth/sessions/{ID}",
    "auth/uploader-request", "moderation/summary", "reports",
    "series/{word}/sources", "series/{word}/sources/{id}", "series/{word}/sources/{id}/chapters",
    "series/{word}/sources/{id}/chapters/{chapter}/retry",
    "titles/batch", "titles/import", "titles/{word}/merge", "titles/{word}/screenshots",
    "titles/{word}/screenshots/{id}", "warnings",
    f"warnings/{ID}/seen",
}  # fmt: skip


def text_of_key(user, *scopes, days=None):
    _key, text = make_key(
        user, name="Program", scopes=scopes or SCOPES, expires_in_days=days, password=PASSWORD
    )
    return text


def bearer(text):
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")


def basic(name, password):
    return APIClient(
        HTTP_AUTHORIZATION=f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
    )


def a_zip():
    return SimpleUploadedFile("chapter.zip", make_chapter_zip(2), "application/zip")


def statuses(client, *paths):
    return [client.get(path).status_code for path in paths or PATHS]


# --- Making, listing, ending --------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_hash(uploader_uli):
    client = client_of(uploader_uli)

    made = client.post("/api/auth/keys", FORM, format="json")
    listed = client.get("/api/auth/keys").json()["results"]

    text = made.json()["key"]
    assert (made.status_code, len(text), text[:4]) == (201, 47, "mkg_")
    assert made["Cache-Control"] == "private, no-store"
    assert text not in str(ApiKey.objects.values().get())
    assert listed == [{name: value for name, value in made.json().items() if name != "key"}]
    assert (listed[0]["hint"], listed[0]["scopes"]) == (text[-4:], ["read"])
    assert statuses(bearer(text)) == [200, 200]


def test_the_owner_is_told_of_a_new_key(uploader_uli):
    text = text_of_key(uploader_uli)

    row = OutgoingEmail.objects.get()
    email = KINDS[row.kind].write(row)
    assert row.address == "uli@example.test"
    assert text not in f"{email}{row.params}"
    assert "Program" in email.body


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes.0"),
        ({"scopes": "read"}, "scopes"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 10**9}, "expires_in_days"),
        ({"password": "wrong"}, "password"),
    ],
)
def test_a_key_that_cannot_be_is_not_made(changes, field, uploader_uli):
    answer = client_of(uploader_uli).post("/api/auth/keys", FORM | changes, format="json")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not ApiKey.objects.exists()


def test_twenty_keys_are_enough_and_one_that_is_over_is_none_of_them(uploader_uli):
    for _ in range(MAX_KEYS):
        text_of_key(uploader_uli, days=1)
    client = client_of(uploader_uli)

    refused = client.post("/api/auth/keys", FORM, format="json")
    ApiKey.objects.filter(pk=ApiKey.objects.first().pk).update(expires_at=timezone.now())

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert client.post("/api/auth/keys", FORM, format="json").status_code == 201


def test_ended_is_ended_one_or_all(uploader_uli, outsider_otto):
    one, two, others = (text_of_key(user) for user in (uploader_uli, uploader_uli, outsider_otto))
    first = ApiKey.objects.order_by("pk")[0].pk
    client = client_of(uploader_uli)

    assert client.delete(f"/api/auth/keys/{first}").status_code == 204
    assert [statuses(bearer(text)) for text in (one, two)] == [[401, 401], [200, 200]]
    assert client.delete("/api/auth/keys").status_code == 204

    assert [statuses(bearer(text)) for text in (two, others)] == [[401, 401], [200, 200]]


def test_what_is_not_ones_own_is_not_there(uploader_uli, outsider_otto):
    text = text_of_key(outsider_otto)
    others = ApiKey.objects.get().pk
    client = client_of(uploader_uli)

    answers = [client.delete(f"/api/auth/keys/{pk}") for pk in (others, others + 1000)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert statuses(bearer(text)) == [200, 200]


def test_keys_over_for_a_month_go(uploader_uli):
    for days in (1, None):
        text_of_key(uploader_uli, days=days)
    ApiKey.objects.filter(expires_at__isnull=False).update(
        expires_at=timezone.now() - timedelta(days=31)
    )

    assert purge_keys() == 1
    assert ApiKey.objects.get().expires_at is None


# --- Showing one --------------------------------------------------------------------------------


def test_a_key_is_a_basic_password_beside_its_owners_name(uploader_uli, outsider_otto):
    text = text_of_key(uploader_uli)

    assert statuses(basic("ULI", text)) == [200, 200]
    for client in (basic("otto", text), basic("", text), basic("uli", "mkg_" + "x" * 43)):
        assert statuses(client) == [401, 401]


@pytest.mark.parametrize("path", PATHS)
def test_the_accounts_password_is_no_key(path, uploader_uli):
    for client in (basic("uli", PASSWORD), basic("uli@example.test", PASSWORD), bearer(PASSWORD)):
        answer = client.get(path)

        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ("Bearer mkg_" + "x" * 43, "Bearer"),
        ("Bearer mkg_", "Bearer"),
        ("Bearer mkg_\u00e9", "Bearer"),
        ("Basic", "Basic realm="),
        ("Basic ???", "Basic realm="),
        ("Basic dWxp", "Basic realm="),
        ("Basic /////w==", "Basic realm="),
    ],
)
def test_a_wrong_key_is_told_how_to_do_better(header, challenge, path, uploader_uli):
    text_of_key(uploader_uli)

    answer = APIClient(HTTP_AUTHORIZATION=header).get(path)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer["WWW-Authenticate"].startswith(challenge)


def test_a_key_is_over_with_its_time_and_its_person(uploader_uli, moderator_mo):
    text = text_of_key(uploader_uli, days=1)
    client = bearer(text)

    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.")
    assert statuses(client) == [403, 403]
    lift_ban(User.objects.get(pk=uploader_uli.pk), moderator=moderator_mo, reason="Sorry.")
    assert statuses(client) == [200, 200]
    User.objects.filter(pk=uploader_uli.pk).update(is_active=False)
    assert statuses(client) == [401, 401]
    User.objects.filter(pk=uploader_uli.pk).update(is_active=True)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert statuses(client) == [401, 401]


def test_a_key_outlives_logging_out_everywhere(uploader_uli):
    text = text_of_key(uploader_uli)

    client_of(uploader_uli).delete("/api/auth/sessions")

    assert statuses(bearer(text)) == [200, 200]


def test_a_key_gives_no_tokens(uploader_uli):
    text = text_of_key(uploader_uli)
    client = APIClient()

    answers = [
        client.post("/api/auth/refresh", {"refresh_token": text}, format="json"),
        client.post("/api/auth/token", {"username": "uli", "password": text}, format="json"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_use_is_noted_every_ten_minutes(uploader_uli, django_assert_num_queries):
    client = bearer(text_of_key(uploader_uli))
    client.get("/api/site")
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None

    with django_assert_num_queries(1):  # the key, its person with it
        client.get("/api/site")
    assert ApiKey.objects.get().last_used_at == noted
    ApiKey.objects.update(last_used_at=noted - timedelta(minutes=11))
    client.get("/api/auth/me")

    assert ApiKey.objects.filter(last_used_at__gte=noted).exists()


def test_an_access_token_asks_the_database_nothing_on_a_warm_list(
    uploader_uli, django_assert_num_queries
):
    client = client_of(uploader_uli)
    client.get("/api/titles")

    with django_assert_num_queries(0):
        assert client.get("/api/titles").status_code == 200


def test_a_person_has_one_limit_whatever_they_come_with(uploader_uli, limit):
    limit("user", 3)
    text = text_of_key(uploader_uli)
    shared_cache().clear()

    answers = [
        client.get("/api/titles").status_code
        for client in (bearer(text), basic("uli", text), client_of(uploader_uli), bearer(text))
    ]

    assert answers == [200, 200, 200, 429]


# --- What it is for -----------------------------------------------------------------------------


def test_every_route_has_decided_about_keys():
    views = {route_of(pattern): pattern.callback.view_class(**pattern.callback.view_initkwargs)
             for pattern in api_routes()}  # fmt: skip
    declared = {route: getattr(view, "key_scopes", {}) for route, view in views.items()}

    undecided = {
        route
        for route, view in views.items()
        if view.authentication_classes and not declared[route]
    }

    assert undecided <= NEEDS_A_LOGIN
    for route, scopes in declared.items():
        methods = {method.upper() for method in METHODS if hasattr(views[route], method)}
        assert scopes.keys() <= methods, route
        assert set(scopes.values()) <= set(SCOPES), route


@pytest.mark.parametrize("path", PATHS)
def test_a_key_without_the_scope_is_forbidden(path, uploader_uli):
    answer = bearer(text_of_key(uploader_uli, "library", "upload")).get(path)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("role", ["moderator", "admin", "superuser"])
def test_a_key_never_carries_the_rights_of_staff(role, uploader_uli):
    who = make_user("chief", "admin" if role == "superuser" else role)
    User.objects.filter(pk=who.pk).update(is_superuser=role == "superuser", is_staff=True)
    pending = make_title("Secret", moderation=Moderation.PENDING, created_by=uploader_uli)
    waiting = make_upload_row(
        uploader=uploader_uli, series=make_title(), state=UploadState.AWAITING_REVIEW
    )
    own = [f"/api/titles/{pending.pk}", f"/api/chapters/{waiting.chapter_id}",
           f"/api/uploads/{waiting.pk}"]  # fmt: skip
    all_of_them = ["/api/titles?scope=all", "/api/series?scope=all", "/api/uploads?scope=all"]
    chief = User.objects.get(pk=who.pk)
    assert statuses(client_of(chief), *own, *all_of_them) == [200] * 6

    client = bearer(text_of_key(chief))

    assert statuses(client, *own) == [404, 404, 404]
    assert statuses(client, *all_of_them) == [403, 403, 403]
    assert client.delete(own[2]).status_code == 404
    permissions = client.get("/api/auth/me").json()["permissions"]
    assert (permissions["upload"], permissions["moderate"]) == (True, False)


def test_a_key_uploads_for_an_uploader_and_for_nobody_else(uploader_uli, reader_rina):
    series = make_title()

    def upload(user, *scopes):
        client = bearer(text_of_key(user, *scopes))
        file = a_zip()
        return client.post(f"/api/series/{series.slug}/chapters", {"file": file}).status_code

    assert upload(uploader_uli, "upload") == 202
    assert upload(uploader_uli, "read", "library") == 403
    assert upload(reader_rina, "upload") == 403
    assert upload(make_user("nina", "uploader", confirmed=False), "upload") == 403


def test_another_sites_page_cannot_use_a_password_that_a_browser_keeps(uploader_uli):
    client = basic("uli", text_of_key(uploader_uli))
    series = make_title()
    path = f"/api/series/{series.slug}/chapters"

    foreign = client.post(path, {"file": a_zip()}, HTTP_SEC_FETCH_SITE="cross-site")
    program = client.post(path, {"file": a_zip()})

    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")
    assert program.status_code == 202
