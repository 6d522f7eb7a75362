"""Which uploads are for one place: numbers that begin anew in each volume, one-shots by title."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry, User
from accounts.roles.groups import TRUSTED
from catalog.models import Title
from reader.intake.extraction import extract_upload
from reader.models import Chapter, Group, Upload, Volume
from reader.publication.edits import (
    delete_volume,
    record_volume_edit,
    save_chapter_words,
    set_numbers_restart,
)
from reader.publication.moderation import approve_upload, take_down_upload
from reader.publication.publishing import publish_upload
from reader.publication.trust import assign_review
from reader.reading.chapter_rows import chapter_rows, order_chapters
from reader.reading.chapters import find_or_create_chapter, find_or_create_group, replaced_work
from reader.reading.places import PlaceTaken
from reader.states import UploadState
from tests.at_once import run_at_once
from tests.cast import client_of, make_title, make_upload_row, make_user, post_zip
from tests.leftovers import finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


@pytest.fixture
def trusted_toktogul(db, settings) -> User:
    settings.TRUSTED_REVIEW_PERCENT = 0
    return make_user("toktogul", TRUSTED)


SEEDS = iter(range(10_000, 20_000))


def send(user: User, series: Title, **words) -> dict[str, Any]:
    """Send a zip, have it checked, and return what the 202 says."""
    answer = post_zip(user, series, make_chapter_zip(1, seed=next(SEEDS)), **words)
    assert answer.status_code == 202, answer.json()
    finish_due_work()
    said: dict[str, Any] = answer.json()
    return said


def publish(user: User, moderator: User, series: Title, **words) -> Chapter:
    upload = Upload.objects.get(pk=send(user, series, **words)["id"])
    if upload.state == UploadState.AWAITING_REVIEW:
        approve_upload(upload, moderator=moderator, despite_replacing=True)
        finish_due_work()
    upload.refresh_from_db()
    assert upload.state == UploadState.LIVE
    return upload.chapter


def shown(series: Title) -> list[tuple[Any, ...]]:
    chapters = Chapter.objects.public().filter(series=series.pk)
    rows = chapter_rows(order_chapters(chapters, newest_first=False))
    return [(row["volume"], row["number"], row["title"]) for row in rows]


def test_numbers_that_begin_anew_stand_side_by_side(trusted_toktogul, moderator_mo):
    series = make_title(numbers_restart_per_volume=True)
    for volume, number in ((2, 1), (1, 2), (1, 1), (2, 2)):
        send(trusted_toktogul, series, number=number, volume=volume)

    assert shown(series) == [(1, "1", ""), (1, "2", ""), (2, "1", ""), (2, "2", "")]
    ids = [
        row["id"]
        for row in client_of(None).get(f"/api/series/{series.path_slug}/chapters").json()["results"]
    ]
    details = [client_of(None).get(f"/api/chapters/{pk}").json() for pk in ids]
    assert [(d["previous"] or {}).get("id") for d in details] == [None, *ids[:-1]]
    assert [(d["next"] or {}).get("id") for d in details] == [*ids[1:], None]
    assert (
        client_of(None).get(f"/api/series/{series.path_slug}").json()["numbers_restart_per_volume"]
    )


def test_a_new_version_in_the_same_volume_replaces_the_old_one(trusted_toktogul):
    series = make_title(numbers_restart_per_volume=True)
    for _version in range(2):
        assert send(trusted_toktogul, series, number="1", volume=2)["replaces"] is None

    assert shown(series) == [(2, "1", "")]


def test_what_would_replace_another_volume_is_held_and_says_so(trusted_toktogul, moderator_mo):
    series = make_title()
    first = publish(trusted_toktogul, moderator_mo, series, number="1", volume=1, title="Dawn")

    answer = send(trusted_toktogul, series, number="1", volume=2, title="Dusk")

    row = client_of(trusted_toktogul).get(f"/api/uploads/{answer['id']}").json()
    assert row["state"] == "awaiting_review"
    assert row["replaces"] == answer["replaces"] == {
        "id": first.pk, "number": "1", "title": "Dawn", "volume": 1
    }  # fmt: skip
    assert shown(series) == [(1, "1", "Dawn")]


@pytest.mark.parametrize(
    ("words", "is_other"),
    [
        ({"title": "The End", "volume_number": 1}, False), ({"title": "THE END"}, False),
        ({"title": "The End"}, False), ({"volume_number": 1}, False), ({"title": "Another"}, True),
        ({"title": "The End", "volume_number": 2}, True),
    ],
)  # fmt: skip
def test_only_another_volume_or_title_counts(words, is_other, uploader_uli):
    series = make_title()
    volume = Volume.objects.create(series=series, number=1)
    chapter = make_upload_row(uploader=uploader_uli, series=series, volume=volume, pages=1).chapter
    chapter.title = "The End"

    assert (replaced_work(Upload(chapter=chapter, **words)) is not None) == is_other
    assert replaced_work(Upload(chapter=chapter, **words, state=UploadState.REJECTED)) is None


def test_one_shots_are_told_apart_by_their_titles(trusted_toktogul, moderator_mo):
    series = make_title()
    for title in ("Жаз", "Күз", "ЖАЗ"):
        publish(trusted_toktogul, moderator_mo, series, title=title)

    assert sorted(shown(series)) == [(None, None, "ЖАЗ"), (None, None, "Күз")]


def test_a_one_shot_whose_title_is_in_the_zip_has_the_place_of_that_title(
    trusted_toktogul, moderator_mo
):
    series = make_title()
    for title in ("Spring", "Autumn"):
        info = f"<ComicInfo><Title>{title}</Title></ComicInfo>".encode()
        archive = make_chapter_zip(1, seed=next(SEEDS), extra_files={"ComicInfo.xml": info})
        post_zip(trusted_toktogul, series, archive)
        finish_due_work()

    assert sorted(shown(series)) == [(None, None, "Autumn"), (None, None, "Spring")]
    assert Chapter.objects.count() == 2


def test_what_became_another_work_before_it_went_live_is_held(trusted_toktogul, moderator_mo):
    series = make_title()
    early, late = (
        post_zip(trusted_toktogul, series, make_chapter_zip(1, seed=next(SEEDS)), number="1",
                 volume=volume).json()["id"]
        for volume in (1, 2)
    )  # fmt: skip
    for pk in (early, late):
        extract_upload.run(pk)
    for pk in (early, late):
        assign_review.run(pk)
    for pk in (early, late):
        publish_upload.run(pk)

    assert [Upload.objects.get(pk=pk).state for pk in (early, late)] == ["live", "awaiting_review"]
    assert AuditEntry.objects.filter(action="hold", subject_id=late).count() == 1


# --- Moderators -----------------------------------------------------------------------------------


def test_a_title_that_a_moderator_gave_stays(trusted_toktogul, moderator_mo):
    series = make_title()
    chapter = publish(trusted_toktogul, moderator_mo, series, number="1", volume=3, title="teh end")
    chapter.title = "The End"
    save_chapter_words(chapter, editor=moderator_mo, changed=["title"])

    publish(trusted_toktogul, moderator_mo, series, number="1", volume=3, title="teh end")
    publish(trusted_toktogul, moderator_mo, series, number="1", volume=4)

    assert shown(series) == [(4, "1", "The End")]


def test_the_switch_parts_what_waits_and_joins_only_what_is_free(trusted_toktogul, moderator_mo):
    series = make_title()
    publish(trusted_toktogul, moderator_mo, series, number="1", volume=1)
    waiting = send(trusted_toktogul, series, number="1", volume=2)["id"]

    set_numbers_restart(series, restart=True, editor=moderator_mo)
    approve_upload(Upload.objects.get(pk=waiting), moderator=moderator_mo)
    finish_due_work()
    assert shown(series) == [(1, "1", ""), (2, "1", "")]

    with pytest.raises(PlaceTaken, match="#1"):
        set_numbers_restart(series, restart=False, editor=moderator_mo)
    assert Title.objects.get(pk=series.pk).numbers_restart_per_volume
    assert shown(series) == [(1, "1", ""), (2, "1", "")]

    take_down_upload(Upload.objects.get(pk=waiting), moderator=moderator_mo, reason="Ours.")
    Upload.objects.filter(pk=waiting).update(purge_after=None)
    set_numbers_restart(series, restart=False, editor=moderator_mo)
    assert shown(series) == [(1, "1", "")]
    assert Chapter.objects.count() == 1
    assert Upload.objects.filter(chapter=Chapter.objects.get()).count() == 2


def test_places_follow_the_numbers_of_their_volumes(uploader_uli, moderator_mo):
    series = make_title(numbers_restart_per_volume=True)
    for number in (1, 2):
        volume = Volume.objects.create(series=series, number=number)
        row = {"uploader": uploader_uli, "series": series, "pages": 1}
        Chapter.objects.filter(
            pk=make_upload_row(number=1 + number / 10, volume=volume, **row).chapter_id
        ).update(place_volume=number, number=1)
    first = Volume.objects.get(number=1)
    first.number = 3
    first.save()

    record_volume_edit(first, editor=moderator_mo, changed=["number"])

    assert shown(series) == [(2, "1", ""), (3, "1", "")]
    assert find_or_create_chapter(
        series, number=Decimal(1), language="en", group=None, volume=3
    ) == Chapter.objects.get(volume=first)
    delete_volume(first, editor=moderator_mo)
    assert shown(series) == [(2, "1", ""), (None, "1", "")]


@pytest.fixture
def browser(client, moderator_mo):
    client.force_login(moderator_mo)
    return client


def test_the_form_says_what_the_switch_would_join(browser, trusted_toktogul, settings):
    from tests.admin.test_titles import SERIES, form_of

    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    series = make_title()
    page = f"{SERIES}{series.pk}/change/"
    browser.post(page, form_of(series, numbers_restart_per_volume="on"))
    for volume in (1, 2):
        send(trusted_toktogul, series, number="1", volume=volume)

    answer = browser.post(page, form_of(series))

    errors = answer.context["adminform"].form.errors["numbers_restart_per_volume"]
    assert "#1" in errors[0]
    assert Title.objects.get().numbers_restart_per_volume
    first, second = Chapter.objects.order_by("place_volume")
    words = {"title": "", "volume": first.volume_id, "publish_at_0": "", "publish_at_1": ""}
    answer = browser.post(f"/admin/reader/chapter/{second.pk}/change/", words)
    assert "place already" in str(answer.context["adminform"].form.errors)


# --- Groups ---------------------------------------------------------------------------------------


def test_a_group_is_one_in_every_case():
    groups = [find_or_create_group(name) for name in ("Түн Скан", "түн скан", "ТҮН  СКАН")]

    assert {group.name for group in groups} == {"Түн Скан"}
    assert Group.objects.count() == 1


def test_a_group_that_is_there_in_another_case_is_an_error_of_the_form(browser, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    find_or_create_group("Манас")

    answer = browser.post("/admin/reader/group/add/", {"name": "манас", "slug": "other"})

    assert answer.context["adminform"].form.errors["name"]
    assert Group.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_groups_of_one_slug_made_at_once_are_two():
    names = ("Steppe!", "Steppe?", "Steppe.", "steppe!")

    groups = run_at_once(*[lambda name=name: find_or_create_group(name) for name in names])

    assert {group.slug for group in groups} == {"steppe", "steppe-2", "steppe-3"}
    assert Group.objects.count() == 3
