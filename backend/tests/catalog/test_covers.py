"""Covers: who may set them, what is refused, and what is left when they go."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from catalog import covers
from catalog.covers import make_thumbnails, remove_cover, set_cover
from catalog.models import Cover
from common.files.media import store_media, sweep_media
from common.files.storages import StorageUnavailable, list_names, media_storage
from common.http.errors import AppError, Forbidden
from tests.cast import client_of, make_title
from tests.failing_storage import BROKEN_BUCKET, FULL_DISK, failing_storages, trouble
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import animated_gif, blank_png, page_bytes

pytestmark = pytest.mark.django_db


def picture(content: bytes | None = None, **how) -> "ContentFile[bytes]":
    return ContentFile(content or page_bytes("png", (700, 1000), **how), name="cover.png")


def shown_cover(title):
    return client_of(None).get(f"/api/titles/{title.slug}").json()["cover"]


def test_a_cover_is_shown_and_then_its_thumbnails(moderator_mo, django_capture_on_commit_callbacks):
    title = make_title()
    with django_capture_on_commit_callbacks(execute=True):
        cover = set_cover(title, picture(), moderator=moderator_mo)
    first = shown_cover(title)
    with django_capture_on_commit_callbacks(execute=True):
        make_thumbnails.run(cover.pk)

    then = shown_cover(title)

    assert (first["width"], first["height"], first["small_url"]) == (700, 1000, None)
    assert client_of(None).get(then["small_url"])["Content-Type"] == "image/webp"
    assert client_of(None).get(then["large_url"])["Content-Type"] == "image/webp"
    assert find_leftovers() == []


def test_only_moderators_set_and_remove_covers(uploader_uli):
    for act in (
        lambda title: set_cover(title, picture(), moderator=uploader_uli),
        lambda title: remove_cover(title, moderator=uploader_uli),
    ):
        with pytest.raises(Forbidden):
            act(make_title())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"just words", "bad_type"),
        (animated_gif(), "bad_type"),
        (page_bytes("png")[:-200], "bad_image"),
        (blank_png(7200, 7200), "image_bomb"),
    ],
)
def test_what_is_no_page_is_no_cover(content, code, moderator_mo):
    with pytest.raises(AppError) as refused:
        set_cover(make_title(), picture(content), moderator=moderator_mo)

    assert refused.value.code in (code, "type_mismatch")
    assert list_names(media_storage(), "") == []


def test_a_picture_over_the_limit_is_no_cover(moderator_mo, settings):
    settings.UPLOAD_LIMITS = settings.UPLOAD_LIMITS | {"max_picture_bytes": 1000}

    with pytest.raises(AppError) as refused:
        set_cover(make_title(), picture(), moderator=moderator_mo)

    assert refused.value.code == "too_large"


def test_a_replaced_cover_leaves_nothing(moderator_mo):
    title = make_title()
    for seed in (1, 2):
        make_thumbnails.run(set_cover(title, picture(seed=seed), moderator=moderator_mo).pk)

    sweep_media(older_than=timedelta(0))

    assert len(list_names(media_storage(), "")) == 3
    assert find_leftovers() == []


def test_a_removed_cover_leaves_nothing(moderator_mo):
    title = make_title()
    make_thumbnails.run(set_cover(title, picture(), moderator=moderator_mo).pk)

    remove_cover(title, moderator=moderator_mo)
    remove_cover(title, moderator=moderator_mo)
    sweep_media(older_than=timedelta(0))

    assert list_names(media_storage(), "") == []
    assert not Cover.objects.exists()


def test_two_titles_may_share_a_cover(moderator_mo):
    first, second = make_title("One"), make_title("Other")
    for title in (first, second):
        set_cover(title, picture(), moderator=moderator_mo)

    remove_cover(first, moderator=moderator_mo)
    finish_due_work()

    assert shown_cover(second) is not None
    assert find_leftovers() == []


def test_a_cover_that_is_swept_meanwhile_is_stored_again(moderator_mo, monkeypatch):
    def sweep_after(*args):
        file = store_media(*args)
        monkeypatch.setattr(covers, "store_media", store_media)
        sweep_media(older_than=timedelta(0))
        return file

    monkeypatch.setattr(covers, "store_media", sweep_after)

    set_cover(make_title(), picture(), moderator=moderator_mo)

    finish_due_work()
    assert find_leftovers() == []


@pytest.mark.parametrize("error", [FULL_DISK, BROKEN_BUCKET], ids=["full disk", "bucket says 500"])
def test_a_cover_that_met_trouble_is_made_good(error, moderator_mo, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    for at in range(1, 8):
        title = make_title()
        trouble.fail_at(at, error)
        try:
            cover = set_cover(title, picture(seed=at), moderator=moderator_mo)
        except StorageUnavailable:
            trouble.heal()
            cover = set_cover(title, picture(seed=at), moderator=moderator_mo)
        else:
            make_thumbnails.work(cover.pk)
        trouble.heal()
        finish_due_work()

        assert Cover.objects.get(pk=cover.pk).thumbnails_done
        assert find_leftovers() == [], at
