"""/api/auth/me: oneself, one's picture and one's data."""

import io
import json
import zipfile
from datetime import datetime, timedelta
from random import Random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.models import AvatarUpload, User
from accounts.profile.avatar_uploads import prepare_avatar
from accounts.roles.uploader_requests import ask_to_upload
from tests.cast import PASSWORD, client_of, make_title, make_upload_row
from tests.reader.archive_builders import page_bytes

pytestmark = pytest.mark.django_db
ME = "/api/auth/me"


def test_one_is_told_all_about_oneself(reader_rina):
    ask_to_upload(reader_rina, text="I translate.")

    body = client_of(reader_rina).get(ME).json()

    asked = body.pop("uploader_request")
    assert (asked["state"], asked["text"], asked["answer"]) == ("waiting", "I translate.", "")
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "id": reader_rina.pk,
        "username": "rina",
        "display_name": "",
        "bio": "",
        "email": "rina@example.test",
        "email_confirmed": True,
        "pending_email": None,
        "roles": ["reader"],
        "permissions": {"upload": False, "moderate": False, "admin": False},
        "language": "en",
        "time_zone": "",
        "visibility": "public",
        "reading": {"direction": "", "fit": "", "data_saver": None, "languages": []},
        "hidden_ratings": [],
        "avatar": None,
        "avatar_upload": None,
        "second_factor": {"enabled": False, "required": False},
    }


def test_what_is_left_out_stays(reader_rina):
    client = client_of(reader_rina)
    client.patch(ME, {"bio": "Hi.", "reading": {"fit": "width", "direction": "rtl"}}, "json")

    client.patch(ME, {"reading": {"languages": ["KY", "pt_BR", "ky", "ru"]}}, "json")
    answer = client.patch(ME, {"reading": {"data_saver": True, "fit": ""}}, "json")

    assert answer["Cache-Control"] == "private, no-store"
    assert answer.json()["bio"] == "Hi."
    assert answer.json()["reading"] == {
        "direction": "rtl", "fit": "", "data_saver": True, "languages": ["ky", "pt-br", "ru"],
    }  # fmt: skip
    cleared = client.patch(ME, {"reading": {"data_saver": None, "languages": []}}, "json")
    assert cleared.json()["reading"] == {
        "direction": "rtl", "fit": "", "data_saver": None, "languages": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"display_name": "Admin"}, "display_name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"reading": {"fit": "huge"}}, "reading.fit"),
        ({"reading": None}, "reading"),
        ({"reading": {"languages": ["ky", "English"]}}, "reading.languages"),
        (
            {"reading": {"languages": [f"a{letter}" for letter in "abcdefghijk"]}},
            "reading.languages",
        ),
        ({"hidden_ratings": ["rude"]}, "hidden_ratings.0"),
        ({"hidden_ratings": "safe"}, "hidden_ratings"),
        ({"language": None}, "language"),
    ],
)
def test_a_wrong_word_is_refused_by_its_field(change, field, reader_rina):
    answer = client_of(reader_rina).patch(ME, change, "json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]


def test_nobody_promotes_oneself(reader_rina):
    before = User.objects.filter(pk=reader_rina.pk).values().get()
    promotion = {
        "id": 1, "pk": 1, "username": "root", "email": "root@example.test", "is_staff": True,
        "is_superuser": True, "is_active": False, "roles": ["admin"], "groups": [1, 2, 3, 4, 5],
        "permissions": {"admin": True}, "user_permissions": [1], "epoch": 7, "password": "x",
        "date_joined": "2000-01-01T00:00:00Z", "avatar": 1, "avatar_draft": "uploads/x",
        "banned_at": None, "email_confirmed": True, "username_key": "root",
        "reading": {"is_staff": True, "reading_fit": "width"},
    }  # fmt: skip
    client = client_of(reader_rina)

    answer = client.patch(ME, promotion, "json")

    assert answer.status_code == 200
    assert User.objects.filter(pk=reader_rina.pk).values().get() == before
    assert answer.json()["roles"] == ["reader"]


def test_being_shown_oneself_costs_the_same_few_queries(
    reader_rina, moderator_mo, django_assert_max_num_queries
):
    for who in (reader_rina, moderator_mo):
        User.objects.filter(pk=who.pk).update(hidden_ratings=["erotica"])
        client = client_of(who)
        with django_assert_max_num_queries(10):
            client.get(ME)


def send_picture(client, content=None):
    file = SimpleUploadedFile("me.png", content or page_bytes("png"), "image/png")
    return client.put(f"{ME}/avatar", {"file": file}, format="multipart")


def prepare_all():
    for pk in list(prepare_avatar.due()):
        prepare_avatar.run(pk)


WAITING = {"state": "waiting", "error_code": "", "detail": ""}


def test_a_picture_is_set_shown_to_members_and_removed(reader_rina):
    client = client_of(reader_rina)

    answer = send_picture(client)

    assert (answer.status_code, answer.json()) == (202, WAITING)
    before = client.get(ME).json()
    assert (before["avatar"], before["avatar_upload"]) == (None, WAITING)
    prepare_all()
    after = client.get(ME).json()
    assert (after["avatar"]["is_public"], after["avatar_upload"]) == (False, None)
    url = after["avatar"]["url"]
    shown = client_of(None).get(url)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    assert shown["Cache-Control"] == "private, no-store"
    assert client_of(None).get(url.partition("?")[0]).status_code in (400, 403, 404)
    assert client.delete(f"{ME}/avatar").status_code == 204
    assert client.get(ME).json()["avatar"] is None


def test_one_is_told_in_ones_language_why_a_picture_cannot_be_used(reader_rina):
    client = client_of(reader_rina)
    animated = io.BytesIO()
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "blue")]
    frames[0].save(animated, "PNG", save_all=True, append_images=frames[1:])
    assert send_picture(client, animated.getvalue()).status_code == 202

    prepare_all()

    told = client.get(ME, headers={"Accept-Language": "ru"}).json()["avatar_upload"]
    assert (told["state"], told["error_code"]) == ("failed", "bad_type")
    assert told["detail"].startswith("Картинка «me.png» анимированная.")
    assert client.delete(f"{ME}/avatar").status_code == 204
    assert client.get(ME).json()["avatar_upload"] is None


def test_one_is_told_from_when_on_everybody_sees_the_picture(reader_rina, settings):
    settings.AVATAR_PUBLIC_AFTER = timedelta(days=30)
    client = client_of(reader_rina)

    def send():
        send_picture(client)
        prepare_all()
        return client.get(ME).json()["avatar"]

    waiting = send()
    User.objects.filter(pk=reader_rina.pk).update(date_joined=timezone.now() - timedelta(days=31))
    public = send()

    moment = reader_rina.date_joined + timedelta(days=30)
    told = datetime.fromisoformat(waiting["public_from"])
    assert (waiting["is_public"], told) == (False, moment.replace(microsecond=0))
    assert (public["is_public"], public["public_from"]) == (True, None)
    assert client.get(ME).json()["avatar"] == public


def test_a_picture_that_is_none_is_told_by_its_code(reader_rina):
    client = client_of(reader_rina)
    for content, status, code in ((b"MZ", 422, "bad_type"), (None, 400, "invalid")):
        form = {"file": SimpleUploadedFile("me.png", content)} if content else {}

        answer = client.put(f"{ME}/avatar", form, format="multipart")

        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not AvatarUpload.objects.exists()


def test_a_photo_as_phones_make_them_is_taken_and_a_larger_one_told(reader_rina):
    client = client_of(reader_rina)
    photo = Image.frombytes("RGB", (1200, 1000), Random(1).randbytes(1200 * 1000 * 3))
    data = io.BytesIO()
    photo.save(data, "PNG")
    file = SimpleUploadedFile("me.png", data.getvalue(), "image/png")
    assert 3 * 2**20 < len(data.getvalue()) < 5 * 2**20
    large = SimpleUploadedFile("me.png", data.getvalue() + bytes(2 * 2**20), "image/png")

    taken = client.put(f"{ME}/avatar", {"file": file}, format="multipart")
    refused = client.put(f"{ME}/avatar", {"file": large}, format="multipart")

    assert taken.status_code == 202
    assert (refused.status_code, refused.json()["code"]) == (422, "too_large")


def test_new_pictures_are_limited(reader_rina, limit):
    limit("avatar", 2, 3600)
    client = client_of(reader_rina)

    statuses = [client.delete(f"{ME}/avatar").status_code for _ in range(3)]

    assert statuses == [204, 204, 429]


def test_ones_data_comes_as_a_zip(uploader_uli):
    make_upload_row(uploader=uploader_uli, series=make_title())

    answer = client_of(uploader_uli).post(f"{ME}/export", {"password": PASSWORD})

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.zip"'
    assert answer["Cache-Control"] == "private, no-store"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert json.loads(archive.read("profile.json"))[0]["username"] == "uli"
    assert json.loads(archive.read("uploads.json"))[0]["filename"] == "chapter.zip"


def test_wrong_passwords_use_no_zip_up(reader_rina, limit):
    limit("export", 1, 3600)
    client = client_of(reader_rina)

    statuses = [
        client.post(f"{ME}/export", {"password": password}).status_code
        for password in ("wrong", PASSWORD, PASSWORD)
    ]

    assert statuses == [400, 200, 429]
