"""Pictures of people: public only after a while, or when a moderator says so."""

import io
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

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
    sweep_stray_avatars,
)
from accounts.roles.bans import ban_user
from common.files.media import sweep_media
from common.files.storages import list_names, media_storage, quarantine_storage
from common.http.errors import AlreadyDecided, Forbidden
from common.models import MediaFile
from tests.at_once import run_at_once
from tests.cast import give_avatar
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


def test_an_old_accounts_picture_is_public_at_once(reader_rina):
    give_avatar(grow(reader_rina), picture())

    assert avatar_of(reader_rina).is_public
    assert public_names() == [reader_rina.avatar.name]
    assert private_names() == []
    assert find_leftovers() == []


def test_a_new_one_takes_the_place_of_the_old(reader_rina):
    give_avatar(reader_rina, picture())
    give_avatar(reader_rina, picture(color="green"))
    give_avatar(grow(reader_rina), picture(color="yellow"))
    give_avatar(reader_rina, picture(color="white"))

    sweep_media(older_than=timedelta(0))
    assert private_names() == []
    assert public_names() == [reader_rina.avatar.name]


def test_a_picture_that_waits_becomes_public_with_time(reader_rina):
    give_avatar(reader_rina, picture())
    finish_due_work()
    assert not avatar_of(User.objects.get(pk=reader_rina.pk)).is_public

    grow(reader_rina)
    finish_due_work()
    publish_avatar.run(reader_rina.pk)

    assert avatar_of(User.objects.get(pk=reader_rina.pk)).is_public
    assert private_names() == []
    assert find_leftovers() == []


def test_a_banned_persons_picture_waits_on(reader_rina, moderator_mo):
    give_avatar(reader_rina, picture())
    grow(reader_rina)
    ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")

    finish_due_work()
    publish_avatar.run(reader_rina.pk)

    assert list(drafts()) == [reader_rina]


def test_publishing_that_dies_in_the_middle_is_made_good(reader_rina, monkeypatch):
    give_avatar(reader_rina, picture())
    grow(reader_rina)

    with monkeypatch.context() as patch:
        patch.setattr(avatars, "replace_avatar", lambda *_, **__: 1 / 0)
        assert not publish_avatar.work(reader_rina.pk)
    with monkeypatch.context() as patch:
        patch.setattr(avatars, "delete_private", lambda _name: 1 / 0)
        publish_avatar.work(reader_rina.pk)
    assert sweep_all_strays() == 1

    assert avatar_of(User.objects.get(pk=reader_rina.pk)).is_public
    assert find_leftovers() == []


def test_the_sweep_takes_only_what_is_nobodys(reader_rina):
    give_avatar(reader_rina, picture())
    quarantine_storage().save(f"avatars/{'0' * 32}", ContentFile(b"left"))
    assert sweep_stray_avatars() == 0

    assert sweep_all_strays() == 1

    assert private_names() == [reader_rina.avatar_draft]


def test_a_lost_file_does_not_wait_for_ever(reader_rina):
    give_avatar(reader_rina, picture())
    grow(reader_rina)
    quarantine_storage().delete(reader_rina.avatar_draft)

    finish_due_work()

    assert not drafts().exists()


def test_a_moderator_shows_it_to_everybody(reader_rina, moderator_mo):
    give_avatar(reader_rina, picture())

    approve_avatar(reader_rina, moderator=moderator_mo, seen=avatar_name(reader_rina))

    assert avatar_of(reader_rina).is_public
    assert AuditEntry.objects.get().action == "approve_avatar"
    assert find_leftovers() == []


@pytest.mark.parametrize("is_public", [True, False])
def test_a_moderator_takes_it_away(is_public, reader_rina, moderator_mo):
    give_avatar(grow(reader_rina) if is_public else reader_rina, picture())

    refuse_avatar(
        reader_rina, moderator=moderator_mo, reason="Not you.", seen=avatar_name(reader_rina)
    )

    assert avatar_of(User.objects.get(pk=reader_rina.pk)) is None
    assert (public_names(), private_names()) == ([], [])
    assert AuditEntry.objects.get().reason == "Not you."


@pytest.mark.parametrize("decide", [approve_avatar, partial(refuse_avatar, reason="No.")])
def test_only_what_was_seen_is_decided(decide, reader_rina, uploader_uli, moderator_mo):
    give_avatar(reader_rina, picture())
    seen = avatar_name(reader_rina)
    give_avatar(reader_rina, picture(color="green"))

    with pytest.raises(AlreadyDecided):
        decide(reader_rina, moderator=moderator_mo, seen=seen)
    with pytest.raises(AlreadyDecided):
        decide(uploader_uli, moderator=moderator_mo, seen="")
    with pytest.raises(Forbidden):
        decide(reader_rina, moderator=uploader_uli, seen=avatar_name(reader_rina))
    assert not AuditEntry.objects.exists()
    assert drafts().get() == reader_rina


def test_two_moderators_decide_once(reader_rina, moderator_mo, moderator_max):
    give_avatar(reader_rina, picture())
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


def test_a_picture_goes_when_it_is_removed(reader_rina):
    give_avatar(grow(reader_rina), picture())

    remove_avatar(reader_rina)
    remove_avatar(reader_rina)

    assert avatar_of(User.objects.get(pk=reader_rina.pk)) is None
    sweep_media(older_than=timedelta(0))
    assert not MediaFile.objects.exists()
