"""Pictures of people: square, stripped, and public only after a while."""

import io
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from accounts.auth.addresses import Unconfirmed
from accounts.auth.authority import Banned
from accounts.models import AuditEntry, User
from accounts.profile import avatars
from accounts.profile.avatars import (
    approve_avatar,
    avatar_name,
    avatar_of,
    drafts,
    publish_avatar,
    refuse_avatar,
    remove_avatar,
    set_avatar,
    sweep_stray_avatars,
)
from accounts.roles.bans import ban_user
from common.files.media import sweep_media
from common.files.picture_files import ImageRejected
from common.files.storages import StorageUnavailable, list_names, media_storage, quarantine_storage
from common.http.errors import AlreadyDecided, Forbidden
from common.models import MediaFile
from tests.at_once import run_at_once
from tests.cast import make_user
from tests.failing_storage import BROKEN_BUCKET, FULL_DISK, failing_storages, trouble
from tests.leftovers import find_leftovers, finish_due_work

pytestmark = pytest.mark.django_db(transaction=True)


def picture(width=600, height=400, image_format="JPEG", name="me.jpg", color="red", **options):
    image = Image.new("RGB", (width, height), "blue")
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 2
    image.paste(color, (left, top, left + edge, top + edge))
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return ContentFile(file.getvalue(), name=name)


def grow(user):
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - timedelta(days=8))
    user.refresh_from_db()
    return user


def sweep_all_strays():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(avatars, "_STRAY_AFTER", timedelta(0))
        return sweep_stray_avatars()


def private_names():
    return list_names(quarantine_storage(), "")


def public_names():
    return list_names(media_storage(), "")


def test_the_middle_becomes_a_square_without_anything_else(reader_rina):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "my home"

    set_avatar(reader_rina, picture(600, 400, exif=exif))

    data = quarantine_storage().open(reader_rina.avatar_draft).read()
    shown = Image.open(io.BytesIO(data))
    assert (shown.format, shown.size, len(shown.getexif())) == ("WEBP", (256, 256), 0)
    assert b"my home" not in data
    corner = shown.convert("RGB").crop((0, 0, 3, 3)).resize((1, 1)).tobytes()
    assert corner[0] > 200  # red, and not the blue of the sides
    assert corner[2] < 60


@pytest.mark.parametrize("how", [{"image_format": "PNG", "name": "blob"}, {"width": 20}])
def test_a_name_without_an_ending_and_a_tiny_picture_are_taken(how, reader_rina):
    set_avatar(reader_rina, picture(**how))

    assert Image.open(quarantine_storage().open(reader_rina.avatar_draft)).size == (256, 256)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (lambda: ContentFile(b"<svg onload=alert(1)>", name="me.svg"), "bad_type"),
        (lambda: ContentFile(b"", name="me.png"), "bad_type"),
        (lambda: ContentFile(picture().read()[:-400], name="me.jpg"), "bad_image"),
        (lambda: picture(6000, 5000), "image_bomb"),
        (lambda: ContentFile(b"\xff\xd8\xff" + bytes(5 * 2**20), name="me.jpg"), "too_large"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_old_one_stays(file, code, reader_rina):
    set_avatar(reader_rina, picture())

    with pytest.raises(ImageRejected) as caught:
        set_avatar(reader_rina, file())

    assert caught.value.code == code
    assert private_names() == [User.objects.get(pk=reader_rina.pk).avatar_draft]


def test_who_is_unconfirmed_or_banned_sets_none(reader_rina, moderator_mo):
    ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")

    with pytest.raises(Banned):
        set_avatar(reader_rina, picture())
    with pytest.raises(Unconfirmed):
        set_avatar(make_user("nina", confirmed=False), picture())


def test_an_old_accounts_picture_is_public_at_once(reader_rina):
    set_avatar(grow(reader_rina), picture())

    assert avatar_of(reader_rina).is_public
    assert public_names() == [reader_rina.avatar.name]
    assert private_names() == []
    assert find_leftovers() == []


def test_a_new_one_takes_the_place_of_the_old(reader_rina):
    set_avatar(reader_rina, picture())
    set_avatar(reader_rina, picture(color="green"))
    set_avatar(grow(reader_rina), picture(color="yellow"))
    set_avatar(reader_rina, picture(color="white"))

    sweep_media(older_than=timedelta(0))
    assert private_names() == []
    assert public_names() == [reader_rina.avatar.name]


def test_a_picture_that_waits_becomes_public_with_time(reader_rina):
    set_avatar(reader_rina, picture())
    finish_due_work()
    assert not avatar_of(User.objects.get(pk=reader_rina.pk)).is_public

    grow(reader_rina)
    finish_due_work()
    publish_avatar.run(reader_rina.pk)

    assert avatar_of(User.objects.get(pk=reader_rina.pk)).is_public
    assert private_names() == []
    assert find_leftovers() == []


def test_a_banned_persons_picture_waits_on(reader_rina, moderator_mo):
    set_avatar(reader_rina, picture())
    grow(reader_rina)
    ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")

    finish_due_work()
    publish_avatar.run(reader_rina.pk)

    assert list(drafts()) == [reader_rina]


def test_publishing_that_dies_in_the_middle_is_made_good(reader_rina, monkeypatch):
    set_avatar(reader_rina, picture())
    grow(reader_rina)

    with monkeypatch.context() as patch:
        patch.setattr(avatars, "_replace", lambda *_, **__: 1 / 0)
        assert not publish_avatar.work(reader_rina.pk)
    with monkeypatch.context() as patch:
        patch.setattr(avatars, "_delete_draft", lambda _name: 1 / 0)
        publish_avatar.work(reader_rina.pk)
    assert sweep_all_strays() == 1

    assert avatar_of(User.objects.get(pk=reader_rina.pk)).is_public
    assert find_leftovers() == []


def test_the_sweep_takes_only_what_is_nobodys(reader_rina):
    set_avatar(reader_rina, picture())
    quarantine_storage().save(f"avatars/{'0' * 32}", ContentFile(b"left"))
    assert sweep_stray_avatars() == 0

    assert sweep_all_strays() == 1

    assert private_names() == [reader_rina.avatar_draft]


def test_a_lost_file_does_not_wait_for_ever(reader_rina):
    set_avatar(reader_rina, picture())
    grow(reader_rina)
    quarantine_storage().delete(reader_rina.avatar_draft)

    finish_due_work()

    assert not drafts().exists()


def test_a_moderator_shows_it_to_everybody(reader_rina, moderator_mo):
    set_avatar(reader_rina, picture())

    approve_avatar(reader_rina, moderator=moderator_mo, seen=avatar_name(reader_rina))

    assert avatar_of(reader_rina).is_public
    assert AuditEntry.objects.get().action == "approve_avatar"
    assert find_leftovers() == []


@pytest.mark.parametrize("is_public", [True, False])
def test_a_moderator_takes_it_away(is_public, reader_rina, moderator_mo):
    set_avatar(grow(reader_rina) if is_public else reader_rina, picture())

    refuse_avatar(
        reader_rina, moderator=moderator_mo, reason="Not you.", seen=avatar_name(reader_rina)
    )

    assert avatar_of(User.objects.get(pk=reader_rina.pk)) is None
    assert (public_names(), private_names()) == ([], [])
    assert AuditEntry.objects.get().reason == "Not you."


@pytest.mark.parametrize("decide", [approve_avatar, partial(refuse_avatar, reason="No.")])
def test_only_what_was_seen_is_decided(decide, reader_rina, uploader_uli, moderator_mo):
    set_avatar(reader_rina, picture())
    seen = avatar_name(reader_rina)
    set_avatar(reader_rina, picture(color="green"))

    with pytest.raises(AlreadyDecided):
        decide(reader_rina, moderator=moderator_mo, seen=seen)
    with pytest.raises(AlreadyDecided):
        decide(uploader_uli, moderator=moderator_mo, seen="")
    with pytest.raises(Forbidden):
        decide(reader_rina, moderator=uploader_uli, seen=avatar_name(reader_rina))
    assert not AuditEntry.objects.exists()
    assert drafts().get() == reader_rina


def test_two_moderators_decide_once(reader_rina, moderator_mo, moderator_max):
    set_avatar(reader_rina, picture())
    decisions = [
        partial(decide, User.objects.get(pk=reader_rina.pk), moderator=who,
                seen=avatar_name(reader_rina))
        for decide, who in (
            (approve_avatar, moderator_mo), (partial(refuse_avatar, reason="No."), moderator_max),
        )
    ]  # fmt: skip

    outcomes = run_at_once(*decisions)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyDecided", "NoneType"]
    sweep_media(older_than=timedelta(0))
    assert find_leftovers() == []


def test_pictures_sent_at_once_leave_one(reader_rina):
    outcomes = run_at_once(
        *[
            partial(set_avatar, User.objects.get(pk=reader_rina.pk), picture(color=color))
            for color in ("red", "green", "white")
        ]
    )

    assert outcomes == [None] * 3
    assert private_names() == [User.objects.get(pk=reader_rina.pk).avatar_draft]


@pytest.mark.parametrize(
    ("at", "error"), [(1, FULL_DISK), (1, BROKEN_BUCKET), (2, FULL_DISK), (3, FULL_DISK)]
)
@pytest.mark.parametrize("is_old", [True, False], ids=["old account", "new account"])
def test_a_picture_that_met_trouble_is_told_or_taken(at, error, is_old, reader_rina, settings):
    set_avatar(reader_rina, picture(color="white"))
    if is_old:
        grow(reader_rina)
    settings.STORAGES = failing_storages(settings.STORAGES)
    trouble.fail_at(at, error)

    try:
        set_avatar(reader_rina, picture())
    except StorageUnavailable:
        trouble.heal()
        set_avatar(reader_rina, picture())
    trouble.heal()

    assert avatar_of(User.objects.get(pk=reader_rina.pk)).is_public == is_old
    finish_due_work()
    sweep_all_strays()
    assert find_leftovers() == []


def test_a_picture_goes_when_it_is_removed(reader_rina):
    set_avatar(grow(reader_rina), picture())

    remove_avatar(reader_rina)
    remove_avatar(reader_rina)

    assert avatar_of(User.objects.get(pk=reader_rina.pk)) is None
    sweep_media(older_than=timedelta(0))
    assert not MediaFile.objects.exists()
