"""A picture that a person sends: checked at once, prepared in the background, exactly once."""

import io
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from accounts.auth.addresses import Unconfirmed
from accounts.auth.authority import Banned
from accounts.models import AvatarUpload, User
from accounts.profile import avatar_uploads, avatars
from accounts.profile.account_deletion import delete_account
from accounts.profile.avatar_uploads import (
    GAVE_UP,
    MAX_ATTEMPTS,
    avatar_upload_of,
    failure_sentence,
    prepare_avatar,
    submit_avatar,
)
from accounts.profile.avatars import avatar_name, avatar_of, remove_avatar, sweep_stray_avatars
from accounts.roles.bans import ban_user
from common.files.picture_files import ImageRejected
from common.files.pictures.decoding import PictureDecoder
from common.files.storages import StorageUnavailable, list_names, quarantine_storage
from common.work.leases import LeaseLost
from tests.accounts.profile.test_avatars import (
    grow,
    picture,
    private_names,
    public_names,
    sweep_all_strays,
)
from tests.at_once import run_at_once
from tests.cast import PASSWORD, give_avatar, make_user
from tests.failing_storage import BROKEN_BUCKET, FULL_DISK, failing_storages, trouble
from tests.leftovers import end_lease, find_leftovers, finish_due_work

pytestmark = pytest.mark.django_db(transaction=True)


def damaged(name="me.png"):
    """Return a picture whose headers are well, and whose pixels end too early."""
    return ContentFile(picture(image_format="PNG").read()[:-400], name=name)


def as_it_is_now(user):
    return User.objects.get(pk=user.pk)


def while_decoding(monkeypatch, act):
    """Let something happen once, between what the worker has read and what it writes."""
    cut_square = avatar_uploads.cut_square

    def cut_after_it(*args, **words):
        monkeypatch.setattr(avatar_uploads, "cut_square", cut_square)
        act()
        return cut_square(*args, **words)

    monkeypatch.setattr(avatar_uploads, "cut_square", cut_after_it)


# --- In the request -----------------------------------------------------------------------------


def test_nothing_is_decoded_before_a_worker_comes(reader_rina, monkeypatch):
    give_avatar(reader_rina, picture(color="white"))
    old = avatar_name(reader_rina)
    with monkeypatch.context() as patch:
        patch.setattr(PictureDecoder, "_ask", lambda *_: 1 / 0)
        sent = submit_avatar(reader_rina, picture())

    assert avatar_name(as_it_is_now(reader_rina)) == old
    assert sorted(private_names()) == sorted([old, sent.file_name])
    assert avatar_upload_of(reader_rina).error_code == ""


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (lambda: ContentFile(b"<svg onload=alert(1)>", name="me.svg"), "bad_type"),
        (lambda: ContentFile(b"MZ", name="me.jpg"), "bad_type"),
        (lambda: ContentFile(b"", name="me.png"), "bad_type"),
        (lambda: ContentFile(picture().read()[:-400], name="me.jpg"), "bad_image"),
        (lambda: ContentFile(picture(image_format="PNG").read()[:20], name="me.png"), "bad_image"),
        (lambda: picture(6000, 5000), "image_bomb"),
        (lambda: picture(6000, 5000, image_format="PNG", name="me.png"), "image_bomb"),
        (lambda: picture(20_001, 10, image_format="PNG", name="me.png"), "image_bomb"),
        (lambda: ContentFile(b"\xff\xd8\xff" + bytes(5 * 2**20), name="me.jpg"), "too_large"),
    ],
)
def test_what_its_headers_tell_is_refused_at_once(file, code, reader_rina):
    waiting = submit_avatar(reader_rina, picture())

    with pytest.raises(ImageRejected) as caught:
        submit_avatar(reader_rina, file())

    assert caught.value.code == code
    assert avatar_upload_of(reader_rina) == waiting
    assert private_names() == [waiting.file_name]


def test_who_is_unconfirmed_or_banned_sends_none(reader_rina, moderator_mo):
    ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")

    with pytest.raises(Banned):
        submit_avatar(reader_rina, picture())
    with pytest.raises(Unconfirmed):
        submit_avatar(make_user("nina", confirmed=False), picture())
    assert private_names() == []


def test_who_is_banned_while_the_file_is_stored_leaves_none(reader_rina, moderator_mo, monkeypatch):
    storing = avatar_uploads.quarantine_storage

    def ban_first():
        monkeypatch.setattr(avatar_uploads, "quarantine_storage", storing)
        ban_user(as_it_is_now(reader_rina), moderator=moderator_mo, reason="Spam.")
        return storing()

    monkeypatch.setattr(avatar_uploads, "quarantine_storage", ban_first)

    with pytest.raises(Banned):
        submit_avatar(reader_rina, picture())

    assert not AvatarUpload.objects.exists()
    assert private_names() == []


def test_a_newer_one_takes_the_place_of_one_that_waits(reader_rina):
    old = submit_avatar(reader_rina, picture(color="red"))
    new = submit_avatar(reader_rina, picture(color="green"))

    prepare_avatar.run(old.pk)

    assert avatar_upload_of(reader_rina) == new
    assert private_names() == [new.file_name]


def test_removing_cancels_one_that_waits(reader_rina):
    give_avatar(reader_rina)
    sent = submit_avatar(reader_rina, picture())

    remove_avatar(reader_rina)
    prepare_avatar.run(sent.pk)

    assert avatar_of(as_it_is_now(reader_rina)) is None
    assert avatar_upload_of(reader_rina) is None
    assert private_names() == []


def test_pictures_sent_at_once_leave_one(reader_rina):
    outcomes = run_at_once(
        *[
            partial(submit_avatar, as_it_is_now(reader_rina), picture(color=color))
            for color in ("red", "green", "white")
        ]
    )
    assert {type(outcome) for outcome in outcomes} == {AvatarUpload}
    assert private_names() == [AvatarUpload.objects.get().file_name]

    finish_due_work()

    assert private_names() == [as_it_is_now(reader_rina).avatar_draft]
    assert find_leftovers() == []


# --- In the worker ------------------------------------------------------------------------------


def test_the_middle_becomes_a_square_without_anything_else(reader_rina):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "my home"

    give_avatar(reader_rina, picture(600, 400, exif=exif))

    data = quarantine_storage().open(reader_rina.avatar_draft).read()
    shown = Image.open(io.BytesIO(data))
    assert (shown.format, shown.size, len(shown.getexif())) == ("WEBP", (256, 256), 0)
    assert b"my home" not in data
    corner = shown.convert("RGB").crop((0, 0, 3, 3)).resize((1, 1)).tobytes()
    assert corner[0] > 200  # red, and not the blue of the sides
    assert corner[2] < 60
    assert private_names() == [reader_rina.avatar_draft]


@pytest.mark.parametrize("how", [{"image_format": "PNG", "name": "blob"}, {"width": 20}])
def test_a_name_without_an_ending_and_a_tiny_picture_are_taken(how, reader_rina):
    give_avatar(reader_rina, picture(**how))

    assert Image.open(quarantine_storage().open(reader_rina.avatar_draft)).size == (256, 256)


def test_a_bad_picture_is_found_late_and_told(reader_rina):
    give_avatar(reader_rina)
    old = avatar_name(reader_rina)
    sent = submit_avatar(reader_rina, damaged("холст.png"))

    finish_due_work()

    failed = avatar_upload_of(reader_rina)
    assert (failed.pk, failed.error_code) == (sent.pk, "bad_image")
    assert failure_sentence(failed).startswith("“холст.png” is damaged")
    assert avatar_name(as_it_is_now(reader_rina)) == old
    assert private_names() == [old]
    assert find_leftovers() == []


def test_why_one_failed_is_forgotten_with_the_next_one_or_after_a_week(reader_rina):
    submit_avatar(reader_rina, damaged())
    finish_due_work()
    sweep_stray_avatars()
    assert avatar_upload_of(reader_rina).error_code == "bad_image"

    give_avatar(reader_rina)
    assert avatar_upload_of(reader_rina) is None
    submit_avatar(reader_rina, damaged())
    finish_due_work()
    AvatarUpload.objects.update(created_at=timezone.now() - timedelta(days=8))
    sweep_stray_avatars()

    assert avatar_upload_of(reader_rina) is None


@pytest.mark.parametrize("is_old", [True, False], ids=["old account", "new account"])
def test_it_may_run_twice(is_old, reader_rina):
    if is_old:
        grow(reader_rina)
    sent = submit_avatar(reader_rina, picture())

    prepare_avatar.run(sent.pk)
    shown = avatar_name(as_it_is_now(reader_rina))
    prepare_avatar.run(sent.pk)

    assert shown
    assert avatar_name(as_it_is_now(reader_rina)) == shown
    assert avatar_of(as_it_is_now(reader_rina)).is_public == is_old
    assert find_leftovers() == []


@pytest.mark.parametrize("is_old", [True, False], ids=["old account", "new account"])
def test_workers_at_once_prepare_it_once(is_old, reader_rina):
    if is_old:
        grow(reader_rina)
    sent = submit_avatar(reader_rina, picture())

    outcomes = run_at_once(*[partial(prepare_avatar.run, sent.pk)] * 3)
    finish_due_work()

    assert outcomes == [None] * 3
    assert avatar_upload_of(reader_rina) is None
    assert avatar_of(as_it_is_now(reader_rina)).is_public == is_old
    assert find_leftovers() == []


@pytest.mark.parametrize("is_old", [True, False], ids=["old account", "new account"])
def test_a_worker_that_was_given_up_changes_nothing_any_more(is_old, reader_rina, monkeypatch):
    if is_old:
        grow(reader_rina)
    sent = submit_avatar(reader_rina, picture())

    def another_takes_over():
        end_lease(sent)
        prepare_avatar.run(sent.pk)

    while_decoding(monkeypatch, another_takes_over)
    with pytest.raises(LeaseLost):
        prepare_avatar.run(sent.pk)

    assert avatar_of(as_it_is_now(reader_rina)).is_public == is_old
    finish_due_work()
    assert find_leftovers() == []


@pytest.mark.parametrize("is_old", [True, False], ids=["old account", "new account"])
@pytest.mark.parametrize("step", ["cut_square", "_settle", "after the commit"])
def test_a_worker_that_dies_on_the_way_is_made_good(step, is_old, reader_rina, monkeypatch):
    if is_old:
        grow(reader_rina)
    sent = submit_avatar(reader_rina, picture())

    with monkeypatch.context() as patch:
        if step != "after the commit":
            patch.setattr(avatar_uploads, step, _die)
        patch.setattr(avatar_uploads, "delete_private", lambda _name: None)  # nor does it tidy up
        with suppress(_Killed):
            prepare_avatar.run(sent.pk)
    finish_due_work()
    sweep_all_strays()

    assert avatar_of(as_it_is_now(reader_rina)).is_public == is_old
    assert avatar_upload_of(reader_rina) is None
    assert find_leftovers() == []


class _Killed(BaseException):
    pass


def _die(*_args, **_words):
    raise _Killed


def test_a_picture_that_ends_its_workers_is_given_up(reader_rina, monkeypatch):
    sent = submit_avatar(reader_rina, picture())
    with monkeypatch.context() as patch:
        patch.setattr(avatar_uploads, "cut_square", _die)
        for _attempt in range(MAX_ATTEMPTS):
            with pytest.raises(_Killed):
                prepare_avatar.run(sent.pk)
            end_lease(sent)

    finish_due_work()

    failed = avatar_upload_of(reader_rina)
    assert failed.error_code == GAVE_UP
    assert "send the picture again" in failure_sentence(failed)
    assert private_names() == []


def test_a_lost_file_does_not_wait_for_ever(reader_rina):
    sent = submit_avatar(reader_rina, picture())
    quarantine_storage().delete(sent.file_name)

    finish_due_work()

    assert avatar_upload_of(reader_rina).error_code == GAVE_UP


def test_who_is_banned_meanwhile_gets_none(reader_rina, moderator_mo, monkeypatch):
    give_avatar(reader_rina)
    old = avatar_name(reader_rina)
    submit_avatar(reader_rina, picture())
    ban = partial(
        ban_user, as_it_is_now(reader_rina), moderator=moderator_mo, reason="Spam."
    )  # fmt: skip
    while_decoding(monkeypatch, ban)

    finish_due_work()

    assert avatar_name(as_it_is_now(reader_rina)) == old
    assert avatar_upload_of(reader_rina) is None
    assert private_names() == [old]


@pytest.mark.parametrize("is_old", [True, False], ids=["old account", "new account"])
def test_who_leaves_meanwhile_leaves_no_picture(is_old, reader_rina, monkeypatch):
    if is_old:
        grow(reader_rina)
    give_avatar(reader_rina)
    submit_avatar(reader_rina, picture(color="green"))
    while_decoding(monkeypatch, partial(delete_account, reader_rina, password=PASSWORD))

    finish_due_work()

    assert not User.objects.filter(pk=reader_rina.pk).exists()
    assert (public_names(), private_names()) == ([], [])


def test_who_leaves_before_a_worker_comes_leaves_no_picture(reader_rina):
    sent = submit_avatar(reader_rina, picture())

    delete_account(reader_rina, password=PASSWORD)
    prepare_avatar.run(sent.pk)

    assert private_names() == []


def test_leaving_while_a_worker_prepares_the_picture(reader_rina):
    sent = submit_avatar(reader_rina, picture())

    outcomes = run_at_once(
        partial(delete_account, reader_rina, password=PASSWORD),
        partial(prepare_avatar.run, sent.pk),
    )

    assert outcomes == [None, None]
    assert private_names() == []


@pytest.mark.parametrize("bad", [True, False], ids=["bad", "good"])
def test_a_newer_one_that_comes_meanwhile_is_the_one(bad, reader_rina, monkeypatch):
    sent = submit_avatar(reader_rina, damaged() if bad else picture())
    newer = []
    while_decoding(
        monkeypatch, lambda: newer.append(submit_avatar(reader_rina, picture(color="green")))
    )

    prepare_avatar.work(sent.pk)

    assert avatar_of(as_it_is_now(reader_rina)) is None
    assert avatar_upload_of(reader_rina) == newer[0]
    assert private_names() == [newer[0].file_name]
    finish_due_work()
    assert avatar_of(as_it_is_now(reader_rina)) is not None
    assert find_leftovers() == []


def test_removing_while_a_worker_prepares_it_is_the_last_word(reader_rina, monkeypatch):
    sent = submit_avatar(reader_rina, picture())
    while_decoding(monkeypatch, partial(remove_avatar, as_it_is_now(reader_rina)))

    assert not prepare_avatar.work(sent.pk)

    assert avatar_of(as_it_is_now(reader_rina)) is None
    assert private_names() == []


def test_a_changed_password_takes_no_picture_away(reader_rina, monkeypatch):
    submit_avatar(reader_rina, picture())
    while_decoding(monkeypatch, lambda: User.objects.update(password="other", admin_epoch=7))

    finish_due_work()

    assert avatar_of(as_it_is_now(reader_rina)) is not None


# --- Files --------------------------------------------------------------------------------------


def test_the_sweep_leaves_one_that_waits(reader_rina):
    sent = submit_avatar(reader_rina, picture())

    assert sweep_all_strays() == 0

    assert private_names() == [sent.file_name]
    assert list_names(quarantine_storage(), avatars.ROOT) == [sent.file_name]


@pytest.mark.parametrize("error", [FULL_DISK, BROKEN_BUCKET])
def test_a_storage_that_takes_none_is_told(error, reader_rina, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    trouble.fail_at(1, error)

    with pytest.raises(StorageUnavailable):
        submit_avatar(reader_rina, picture())
    trouble.heal()

    assert not AvatarUpload.objects.exists()


@pytest.mark.parametrize(
    ("at", "error"), [(1, FULL_DISK), (1, BROKEN_BUCKET), (2, FULL_DISK), (3, FULL_DISK)]
)
@pytest.mark.parametrize("is_old", [True, False], ids=["old account", "new account"])
def test_a_worker_that_meets_trouble_is_made_good(at, error, is_old, reader_rina, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    give_avatar(reader_rina, picture(color="white"))
    if is_old:
        grow(reader_rina)
    sent = submit_avatar(reader_rina, picture())
    trouble.fail_at(at, error)

    is_done = prepare_avatar.work(sent.pk)
    trouble.heal()
    if not is_done:
        assert avatar_upload_of(reader_rina).attempts == 0  # not its fault
    finish_due_work()
    sweep_all_strays()

    assert avatar_of(as_it_is_now(reader_rina)).is_public == is_old
    assert find_leftovers() == []
