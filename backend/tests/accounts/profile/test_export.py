"""One's data as one zip: all of it, readable, no secrets, and never whole in memory."""

import json
import tracemalloc
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from accounts.audit import log_decision
from accounts.auth.api_keys import make_key
from accounts.auth.authority import acting
from accounts.auth.sessions import open_session
from accounts.models import Strike, User
from accounts.profile.avatar_uploads import prepare_avatar, submit_avatar
from accounts.profile.export import write_export
from accounts.profile.profiles import edit_profile
from common.personal_data import participants
from reader.models import ReadingState
from tests.accounts.profile.test_avatars import picture
from tests.cast import PASSWORD, give_avatar, make_title, make_upload_row

pytestmark = pytest.mark.django_db


# Of a person's columns: what is no word about them, and what the picture's file stands for.
SECRET = {"password", "epoch", "admin_epoch", "username_key", "username_order"}
SHOWN_AS_A_FILE = {"avatar", "avatar_draft"}


def read_files(user):
    with write_export(user) as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def read_export(user):
    return {name: text.decode() for name, text in read_files(user).items()}


def test_every_part_is_there_and_said_in_ones_language(reader_rina):
    edit_profile(reader_rina, language="ru", bio="Читаю 👩‍🎨")

    files = read_export(reader_rina)

    readme = files.pop("README.txt")
    known = {file.name for part in participants().values() for file in part.files}
    assert set(files) == known - {"avatar.webp", "avatar_upload"}  # there is none
    assert all(name in readme for name in files)
    assert json.loads(files["profile.json"])[0]["bio"] == "Читаю 👩‍🎨"
    assert "👩‍🎨" in files["profile.json"]


def test_what_one_has_is_in_it_and_nothing_of_others(uploader_uli, outsider_otto, moderator_mo):
    series = make_title(created_by=uploader_uli)
    for who in (uploader_uli, outsider_otto):
        upload = make_upload_row(uploader=who, series=series, title=f"Of {who}")
        ReadingState.objects.create(
            user=who, series=series, chapter=upload.chapter, page=2, changed_at=timezone.now()
        )
    with acting(moderator_mo):
        log_decision(uploader_uli, action="warn", actor=moderator_mo, reason="Be kind.")

    files = {name: text for name, text in read_export(uploader_uli).items() if "json" in name}

    rows = {name: json.loads(text) for name, text in files.items()}
    assert [row["title"] for row in rows["uploads.json"]] == ["Of uli"]
    assert [row["page"] for row in rows["reading.json"]] == [2]
    assert [row["name"] for row in rows["titles.json"]] == ["Naruto"]
    assert [row["reason"] for row in rows["decisions.json"]] == ["Be kind."]
    assert [row["email"] for row in rows["addresses.json"]] == ["uli@example.test"]
    everything = "".join(files.values())
    assert "otto" not in everything
    assert "mo@example.test" not in everything


def test_every_column_of_a_person_is_in_it_or_is_a_secret(reader_rina):
    (row,) = json.loads(read_export(reader_rina)["profile.json"])

    assert {field.name for field in User._meta.concrete_fields} == (
        set(row) - {"roles"} | SECRET | SHOWN_AS_A_FILE
    )


@pytest.mark.parametrize("waits_for", [timedelta(0), timedelta(days=7)])
def test_the_picture_is_in_it_public_or_waiting(waits_for, reader_rina, settings):
    settings.AVATAR_PUBLIC_AFTER = waits_for
    give_avatar(reader_rina, picture())
    assert bool(reader_rina.avatar_id) is not bool(reader_rina.avatar_draft)

    files = read_files(reader_rina)

    with Image.open(BytesIO(files["avatar.webp"])) as shown:
        assert (shown.format, shown.size) == ("WEBP", (256, 256))
    assert "avatar.webp: Your picture" in files["README.txt"].decode()


def test_a_picture_that_was_sent_is_in_it_until_it_cannot_be_used(reader_rina):
    content = picture(image_format="PNG").read()[:-400]
    sent = submit_avatar(reader_rina, ContentFile(content, name="холст.png"))

    waiting = read_files(reader_rina)
    prepare_avatar.run(sent.pk)
    failed = read_files(reader_rina)

    assert waiting["avatar_upload"] == content
    assert "avatar_upload" not in failed
    (row,) = json.loads(failed["avatar_upload.json"])
    assert (row["shown_name"], row["error_code"]) == ("холст.png", "bad_image")


def test_a_picture_that_is_lost_keeps_nothing_else_back(reader_rina):
    User.objects.filter(pk=reader_rina.pk).update(avatar_draft="avatars/" + "0" * 32)

    files = read_files(reader_rina)

    assert "avatar.webp" not in files
    assert "profile.json" in files


def test_no_secret_is_in_it(reader_rina):
    tokens = open_session(reader_rina, device="Phone")
    key, text = make_key(
        reader_rina, name="OPDS", scopes=["read"], expires_in_days=None, password=PASSWORD
    )
    session = reader_rina.sessions.get()
    reader_rina.refresh_from_db()

    everything = "".join(read_export(reader_rina).values())

    assert "Phone" in everything
    assert "OPDS" in everything
    for secret in (
        text, key.key_hash, tokens.refresh_token, session.refresh_hash, reader_rina.password,
    ):  # fmt: skip
        assert secret not in everything


def test_many_rows_are_never_in_memory_at_once(reader_rina):
    peaks = []
    for count in (1, 20_000):
        Strike.objects.bulk_create(
            (
                Strike(user=reader_rina, code="symlink", subject=f"upload:{count}.{number}")
                for number in range(count)
            ),
            batch_size=1000,
        )
        tracemalloc.start()
        write_export(reader_rina).close()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 2_000_000
