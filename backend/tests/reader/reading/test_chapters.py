"""Places that uploads fill, groups, volumes, and who sees which of them."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.choices import Moderation
from catalog.models import Title, TitleLanguage
from reader.models import Chapter, Group, Page, Upload
from reader.reading.chapters import (
    create_volume,
    find_or_create_chapter,
    find_or_create_group,
    find_or_create_volume,
    refresh_counters,
    release_due_chapters,
)
from tests.cast import make_title, make_upload_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    return make_title()


def test_a_place_is_found_again(series):
    group = find_or_create_group("Steppe")
    places = [
        find_or_create_chapter(series, number=number, language=language, group=who)
        for number, language, who in (
            (Decimal("1.5"), "en", None), (Decimal("1.500"), "en", None), (None, "en", None),
            (None, "en", None), (Decimal("1.5"), "ky", None), (Decimal("1.5"), "en", group),
        )
    ]  # fmt: skip

    assert len({place.pk for place in places}) == 4


@pytest.mark.parametrize("number", [None, Decimal(1)])
def test_the_database_knows_that_nulls_are_equal(number, series):
    Chapter.objects.create(series=series, number=number, language="en")

    with pytest.raises(IntegrityError), transaction.atomic():
        Chapter.objects.create(series=series, number=number, language="en")


def test_a_number_is_never_negative(series):
    with pytest.raises(IntegrityError), transaction.atomic():
        Chapter.objects.create(series=series, number=Decimal(-1), language="en")


@pytest.mark.parametrize("word", ["", "   ", "\t\n"])
def test_no_word_is_no_group(word):
    assert find_or_create_group(word) is None


def test_groups_with_the_same_slug_are_told_apart():
    first, second = find_or_create_group("Steppe!"), find_or_create_group("Steppe?")

    assert first is not None
    assert second is not None
    assert (first.slug, second.slug) == ("steppe", "steppe-2")
    assert find_or_create_group("steppe") == first


@pytest.mark.parametrize("name", ["Ынтымак", "翻訳", "42", "p-7", "x" * 100])
def test_a_group_may_be_called_anything(name):
    group = find_or_create_group(name)

    assert group is not None
    assert (group.name, find_or_create_group(group.slug)) == (name, group)
    assert Group.objects.count() == 1


def test_volumes_count_on_from_the_last(series):
    create_volume(series)
    find_or_create_volume(series, 7)

    assert create_volume(series).number == 8
    assert find_or_create_volume(series, 7) == find_or_create_volume(series, 7)
    assert find_or_create_volume(series, None) is None


def test_counters_follow_what_is_public(series, uploader_uli):
    upload = make_upload_row(uploader=uploader_uli, series=series)
    make_upload_row(uploader=uploader_uli, series=series, state="awaiting_review")
    make_upload_row(
        uploader=uploader_uli, series=series, publish_at=timezone.now() + timedelta(days=1)
    )
    series.refresh_from_db()
    assert series.chapter_count == 1

    Chapter.objects.filter(pk=upload.chapter_id).update(live_upload=None)
    refresh_counters(series.pk)

    series.refresh_from_db()
    assert (series.chapter_count, series.last_chapter_at) == (0, None)
    assert series.updated_at == series.created_at


def test_the_migration_counts_the_languages_of_what_is_public(series, uploader_uli):
    for language in ("ky", "ky", "ru"):
        make_upload_row(uploader=uploader_uli, series=series, language=language)
    make_upload_row(
        uploader=uploader_uli, series=series, publish_at=timezone.now() + timedelta(days=1)
    )
    TitleLanguage.objects.update(chapter_count=9)

    import_module("reader.migrations.0015_fill_title_languages").fill(apps, None)

    counts = series.languages.values_list("language", "chapter_count")
    assert set(counts) == {("ky", 2), ("ru", 1)}


def test_a_due_chapter_is_released_once(series, uploader_uli):
    make_upload_row(
        uploader=uploader_uli, series=series, publish_at=timezone.now() - timedelta(seconds=1)
    )
    Chapter.objects.update(published_at=None)

    release_due_chapters()
    first = Chapter.objects.get().published_at
    release_due_chapters()

    assert first is not None
    assert Chapter.objects.get().published_at == first
    assert Title.objects.get().last_chapter_at == first


@pytest.mark.parametrize("moderation", Moderation.values)
def test_only_chapters_of_approved_titles_are_public(moderation, uploader_uli):
    series = make_title(moderation=moderation)
    make_upload_row(uploader=uploader_uli, series=series)

    is_public = moderation == Moderation.APPROVED
    assert Chapter.objects.public().exists() == is_public
    assert Page.objects.all().visible_to(AnonymousUser()).exists() == is_public


@pytest.fixture
def scheduled(series, uploader_uli):
    """Uli's chapter of next week."""
    return make_upload_row(
        uploader=uploader_uli, series=series, publish_at=timezone.now() + timedelta(days=7)
    )


@pytest.mark.parametrize("state", ["failed", "awaiting_review", "superseded", "rejected"])
def test_an_upload_for_anothers_hidden_chapter_does_not_show_it(
    state, scheduled, uploader_uli, outsider_otto
):
    Upload.objects.create(
        chapter=scheduled.chapter, uploader=outsider_otto, state=state, filename="mine.zip",
        archive_bytes=1, archive_sha256="0" * 64,
    )  # fmt: skip

    chapters, pages = Chapter.objects.all(), Page.objects.all()

    assert (chapters.visible_to(outsider_otto).count(), chapters.public().count()) == (0, 0)
    assert not pages.visible_to(outsider_otto).exists()
    assert chapters.visible_to(uploader_uli).get() == scheduled.chapter
    assert pages.visible_to(uploader_uli).count() == 2


def test_a_place_that_shows_nothing_is_seen_by_all_who_sent_something_for_it(
    scheduled, reader_rina, uploader_uli, outsider_otto
):
    Chapter.objects.update(live_upload=None)
    Upload.objects.create(
        chapter=scheduled.chapter, uploader=outsider_otto, state="failed", filename="mine.zip",
        archive_bytes=1, archive_sha256="0" * 64,
    )  # fmt: skip

    chapters = Chapter.objects.all()

    assert chapters.visible_to(uploader_uli).count() == 1
    assert chapters.visible_to(outsider_otto).count() == 1
    assert chapters.visible_to(reader_rina).count() == 0


def test_everybody_sees_what_is_theirs(
    series, reader_rina, uploader_uli, outsider_otto, moderator_mo
):
    make_upload_row(uploader=uploader_uli, series=series)
    make_upload_row(uploader=uploader_uli, series=series, state="awaiting_review")

    seen = {
        str(user): (
            Chapter.objects.all().visible_to(user).count(),
            Upload.objects.all().visible_to(user).count(),
            Page.objects.all().visible_to(user).count(),
        )
        for user in (AnonymousUser(), reader_rina, uploader_uli, outsider_otto, moderator_mo)
    }

    assert seen == {
        "AnonymousUser": (1, 0, 2), "rina": (1, 0, 2), "uli": (2, 2, 4), "otto": (1, 0, 2),
        "mo": (2, 2, 4),
    }  # fmt: skip
