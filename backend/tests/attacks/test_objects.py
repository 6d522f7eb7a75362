"""Every path of the schema: with fields that are not ours to set, and with others' ids."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.cast import PASSWORD
from tests.processes.installation import SERIES, Installation
from tests.reader.archive_builders import make_chapter_zip
from tests.services import wait_for

STOLEN_ID = 424242
EVIL: dict[str, Any] = {
    "id": STOLEN_ID, "pk": STOLEN_ID, "user": 1, "user_id": 1, "uploader": 1, "owner": 1,
    "role": "admin", "roles": ["admin"], "groups": [1, 2, 3, 4], "group_ids": [1, 2, 3, 4],
    "permissions": {"upload": True, "moderate": True, "admin": True}, "user_permissions": [1],
    "is_staff": True, "is_superuser": True, "is_active": True, "is_banned": False,
    "is_trusted": True, "trusted": True, "email_confirmed": True, "verified": True, "epoch": 0,
    "banned_until": None, "state": "live", "live_upload": 1, "moderation": "approved",
    "avatar_approved": True, "date_joined": "2000-01-01T00:00:00Z",
    "created_at": "2000-01-01T00:00:00Z",
    "username": "root",
}  # fmt: skip
SAMPLES = {
    "email": "evil@example.test", "password": PASSWORD, "old_password": "wrong",
    "new_password": "a-yurt-on-the-jailoo", "language": "en", "scopes": ["read"],
    "changed_at": "2026-01-01T00:00:00Z", "subject_type": "title", "reason": "spam",
    "expires_in_days": 1, "username": "zarina", "time_zone": "Asia/Bishkek",
}  # fmt: skip


@pytest.fixture(scope="module")
def schema(server: Installation) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/api/schema", params={"format": "json"}, timeout=60)
    found: dict[str, Any] = answer.json()
    return found


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


FORMATS = {"date": "2026-01-02", "date-time": "2026-01-02T03:04:05Z", "uri": "https://example.org/"}


def sample(schema: dict[str, Any], shape: dict[str, Any], name: str = "") -> Any:
    """Build something of a shape that a view takes."""
    if "$ref" in shape:
        shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    for several in ("allOf", "oneOf", "anyOf"):
        if several in shape:
            return sample(schema, shape[several][0], name)
    if name in SAMPLES:
        return SAMPLES[name]
    if "enum" in shape:
        return shape["enum"][0]
    match shape.get("type"):
        case "object":
            fields = shape.get("properties", {}).items()
            return {field: sample(schema, inner, field) for field, inner in fields}
        case "array":
            return []
        case "integer" | "number":
            return 1
        case "boolean":
            return True
    return FORMATS.get(shape.get("format", ""), "x")


def rights(server: Installation) -> list[Any]:
    return server.rows(
        "SELECT u.id, username, is_staff, is_superuser, is_active, date_joined, g.name"
        " FROM accounts_user u LEFT JOIN accounts_user_groups m ON m.user_id = u.id"
        " LEFT JOIN auth_group g ON g.id = m.group_id ORDER BY u.id, g.name"
    )


def test_no_field_makes_anybody_more_than_they_are(server, schema, victim):
    before = {row[1]: row for row in rights(server)}
    asked: dict[tuple[str, str], int] = {}

    with server.client(victim) as client:
        for method, path, operation in operations(schema):
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" not in content or path.endswith(("/logout", "/auth/me/export")):
                continue
            if (method, path) == ("delete", "/api/auth/me"):
                continue  # she shall stay for the others
            body = sample(schema, content["application/json"]["schema"])
            address = re.sub(r"{\w+}", "1", path)
            for evil in (EVIL, body | {k: v for k, v in EVIL.items() if k not in body}):
                answer = client.request(method, address, json=evil)
                assert answer.status_code < 500, (method, path, answer.text)
                asked[method, path] = answer.status_code

    assert len(asked) >= 15
    assert asked["patch", "/api/auth/me"] == 200, asked
    assert asked["post", "/api/auth/register"] == 201
    after = {row[1]: row for row in rights(server)}
    assert {name: after[name] for name in before} == before
    for name in after.keys() - before.keys():  # who was registered on the way
        row = after[name]
        assert row[0] != STOLEN_ID
        assert row[2:5] == (0, 0, 1)
        assert row[6] == "reader"
        assert str(row[5]) > "2020"
    assert server.rows(
        "SELECT email FROM account_emailaddress WHERE email = 'evil@example.test' AND verified"
    ) == []  # fmt: skip


def test_a_newcomer_is_a_reader_whatever_is_asked_for(server):
    form = EVIL | {"username": "nurgul", "email": "nurgul@example.test", "password": PASSWORD}

    answer = httpx.post(f"{server.url}/api/auth/register", json=form, timeout=60)

    assert answer.status_code == 201, answer.text
    me = answer.json()
    assert me["id"] != STOLEN_ID
    assert me["roles"] == ["reader"]
    assert set(me["permissions"].values()) == {False}
    assert me["email_confirmed"] is False


def test_an_upload_belongs_to_who_sent_it_and_waits(server):
    with server.client("otto") as otto:
        answer = otto.post(
            f"/api/series/{SERIES}/chapters",
            data={"number": "99"} | {k: str(v) for k, v in EVIL.items() if not isinstance(v, dict)},
            files={"file": ("chapter.zip", make_chapter_zip(2, seed=99))},
        )

    assert answer.status_code == 202, answer.text
    assert answer.json()["id"] != STOLEN_ID
    [(name, state)] = server.rows(
        "SELECT username, state FROM reader_upload JOIN accounts_user u ON u.id = uploader_id"
        f" WHERE reader_upload.id = {answer.json()['id']}"
    )
    assert name == "otto"
    assert state != "live"


# --- Others' ids --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def belongings(server: Installation) -> dict[str, int | str]:
    """What is Uli's alone, by the path under which it is found."""
    with server.client("uli") as uli:
        key = uli.post(
            "/api/auth/keys",
            json={"name": "mine", "scopes": ["read"], "expires_in_days": 1, "password": PASSWORD},
        )
        assert key.status_code == 201, key.text
        sessions = uli.get("/api/auth/sessions").json()["results"]
        proposed = {
            f"/api/{folder}/": _made(uli, folder, {"name": f"Felt, {folder}"})["id"]
            for folder in ("movies", "anime", "shows")
        }
        item = _made(uli, "library/items", {"title": "Felt", "type": "novel", "tags": ["cosy"]})
        kept = _made(uli, "library/lists", {"name": "Mine"})
        job = uli.post("/api/library/bulk", json={"ids": [item["id"]], "set": {"score": 50}}).json()
        [change, *_older] = uli.get("/api/library/history").json()["results"]
        [tag] = uli.get("/api/library/tags").json()["results"]
    server.run(
        "-c",
        "import django; django.setup()\n"
        "from accounts.models import User; from safety.warnings import warn_user\n"
        "warn_user(User.objects.get(username='uli'),"
        " moderator=User.objects.get(username='mo'), text='Mind the tags.')\n"
        "from tracker.models import AniListAccount, AniListConflict\n"
        "account = AniListAccount.objects.create(user=User.objects.get(username='uli'))\n"
        f"AniListConflict.objects.create(account=account, title_id={item['title_id']},"
        " field='progress', mine=1, theirs=2, kept='waits')",
    )
    [(warning,)] = server.rows("SELECT id FROM safety_moderatorwarning")
    [(conflict,)] = server.rows("SELECT id FROM tracker_anilistconflict")
    [(upload, chapter)] = server.rows(
        "SELECT r.id, chapter_id FROM reader_upload r JOIN accounts_user u ON u.id = uploader_id"
        " WHERE state = 'awaiting_review' AND username = 'uli'"
    )
    return {
        "/api/uploads/": upload,
        "/api/chapters/": chapter,
        "/api/auth/keys/": key.json()["id"],
        "/api/auth/sessions/": sessions[0]["id"],
        "/api/warnings/": warning,
        **proposed,
        "/api/library/items/": item["id"],
        "/api/library/items/by-title/": item["title_id"],
        "/api/library/lists/": kept["id"],
        "/api/lists/": kept["slug"],
        "/api/library/history/": change["id"],
        "/api/library/tags/": tag["id"],
        "/api/jobs/": job["id"],
        "/api/anilist/conflicts/": conflict,
    }


def _made(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


# What stands under a name or an id and is anybody's, or answers for oneself whatever stands there.
PUBLIC = ("/api/titles/", "/api/series/", "/api/sources/", "/api/users/")


def test_others_ids_open_nothing(server, schema, belongings):
    tables = (
        "SELECT id, state, uploader_id, chapter_id FROM reader_upload ORDER BY id",
        "SELECT id, user_id, expires_at, last_used_at FROM accounts_apikey ORDER BY id",
        "SELECT id, user_id, seen_at FROM safety_moderatorwarning ORDER BY id",
        "SELECT id, user_id, title_id, updated_at FROM tracker_libraryitem ORDER BY id",
        "SELECT id, user_id, name, updated_at FROM tracker_librarylist ORDER BY id",
        "SELECT id, user_id, name FROM tracker_librarytag ORDER BY id",
        "SELECT id, moderation, name FROM catalog_title ORDER BY id",
        "SELECT id, state, stop_asked, undone_at FROM common_job ORDER BY id",
        "SELECT id, kept, decided_at FROM tracker_anilistconflict ORDER BY id",
    )
    under_way = "SELECT 1 FROM reader_upload WHERE state IN ('received', 'extracting')"
    wait_for("the worker to rest", lambda: not server.rows(under_way))
    before = [server.rows(statement) for statement in tables]
    told: dict[tuple[str, str, str], Any] = {}

    with server.client("otto") as otto, server.client() as nobody:
        for method, path, operation in operations(schema):
            start, brace, _rest = path.partition("{")
            if not brace or start in PUBLIC:
                continue
            assert start in belongings, f"whose is {path}? Add something of Uli's above"
            content = operation.get("requestBody", {}).get("content", {})
            shape = content.get("application/json", {}).get("schema", {})
            body = sample(schema, shape) if content else None
            for who, client in (("otto", otto), ("nobody", nobody)):
                theirs, missing = (
                    client.request(method, re.sub(r"{\w+}", str(pk), path), json=body)
                    for pk in (belongings[start], 987654321)
                )
                told[who, method, path] = theirs.status_code
                assert theirs.status_code == missing.status_code, (who, method, path)
                assert theirs.content == missing.content, (who, method, path)

    assert len(told) >= 12
    assert {key: status for key, status in told.items() if status not in (401, 403, 404)} == {}
    assert [server.rows(statement) for statement in tables] == before


def test_other_peoples_pages_of_the_admin_stay_shut(server):
    for name in ("rina", "uli"):
        with server.client(name) as client:
            for path in ("/admin/", "/admin/accounts/user/", "/admin/reader/upload/"):
                assert client.get(path).status_code == 302
