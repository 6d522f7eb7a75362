"""Two titles become one, and two again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.jobs import undo_job_of
from catalog.choices import Moderation
from catalog.merging import merge_titles
from catalog.models import Alias, Category, Credit, Person, Title
from catalog.search import search_titles
from catalog.search_index import reindex_title
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from common.personal_data import columns_about, participants
from reader.models import Chapter, ReadingState, Volume
from reader.reading.progress import Progress, save_progress
from tests.cast import client_of, make_title, make_upload_row

pytestmark = pytest.mark.django_db


def everything() -> dict[str, list[Any]]:
    """All that a merge changes."""
    return {
        "titles": list(
            Title.objects.order_by("pk").values_list(
                "slug", "moderation", "chapter_count", "anilist_id", "names"
            )
        ),
        "chapters": list(
            Chapter.objects.order_by("pk").values_list("pk", "series", "volume", "place_volume")
        ),
        "volumes": list(Volume.objects.order_by("pk").values_list("pk", "series")),
        "states": list(ReadingState.objects.order_by("pk").values_list()),
        "credits": list(Credit.objects.order_by("pk").values_list("pk", "title")),
        "aliases": list(Alias.objects.order_by("pk").values_list("pk", "object_id", "name")),
        "genres": list(Title.categories.through.objects.values_list("title", "category")),
    }


@pytest.fixture
def log_in():
    def client(user) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return client


@pytest.fixture
def two(uploader_uli, reader_rina):
    """Two entries of one series: chapters 1 to 3 here, 1, 3 and 4 there; 3 is live only there."""
    into = make_title("Манас", original_language="ky")
    source = make_title("Manas", anilist_id=7)
    who = Person.objects.create(name="Aibek", slug="aibek")
    for title in (into, source):
        Credit.objects.create(title=title, person=who, role="author")
    Credit.objects.create(title=source, person=who, role="artist")
    Alias.objects.create(subject=source, name="Алп Манас", language="ky")
    source.categories.add(Category.objects.create(slug="epic"))
    for title in (into, source):
        volume = Volume.objects.create(series=title, number=1)
        make_upload_row(uploader=uploader_uli, series=title, number=1, volume=volume)
    make_upload_row(uploader=uploader_uli, series=into, number=2)
    make_upload_row(uploader=uploader_uli, series=into, number=3, state="awaiting_review")
    make_upload_row(uploader=uploader_uli, series=source, number=3)
    last = make_upload_row(
        uploader=uploader_uli, series=source, number=4, volume=source.volumes.get()
    )
    save_progress(
        last.chapter,
        user=reader_rina,
        progress=Progress(page=1, is_finished=False, changed_at=timezone.now()),
    )
    reindex_title(source.pk)
    return source, into


def test_a_merge_moves_everything_and_its_undoing_gives_it_back(
    two, moderator_mo, reader_rina, django_capture_on_commit_callbacks
):
    source, into = two
    slug, before = source.slug, everything()

    with django_capture_on_commit_callbacks(execute=True):
        job = merge_titles(source, into, moderator=moderator_mo)

    client = client_of(None)
    assert client.get(f"/api/titles/{slug}")["Location"] == f"/api/titles/{into.slug}"
    shown = client.get(f"/api/titles/{into.slug}").json()
    chapters = client.get(f"/api/series/{into.slug}/chapters").json()["results"]
    assert sorted(chapter["number"] for chapter in chapters) == ["1", "2", "3", "4"]
    assert shown["external_ids"]["anilist"] == 7
    assert {alias["name"] for alias in shown["aliases"]} == {"Manas", "Алп Манас"}
    assert [credit["role"] for credit in shown["credits"]] == ["author", "artist"]
    assert [genre["slug"] for genre in shown["genres"]] == ["epic"]
    assert search_titles("alp manas", among=Title.objects.all().public()) == [into.pk]
    assert ReadingState.objects.get().series_id == into.pk
    assert Chapter.objects.get(number=4).volume.series_id == into.pk

    undo_job_of(job, user=moderator_mo)

    assert everything() == before
    with pytest.raises(AlreadyDecided):
        undo_job_of(job, user=moderator_mo)


def read(user: Any, chapter: Chapter, minute: int, page: int, **words: bool) -> None:
    at = datetime(2026, 1, 1, 0, minute, tzinfo=UTC)
    turn = Progress(page=page, changed_at=at, **{"is_finished": False, **words})
    save_progress(chapter, user=user, progress=turn)


def test_what_was_read_of_the_chapters_that_stay_behind_counts_for_those_that_are_kept(
    two, moderator_mo, reader_rina, outsider_otto, uploader_uli
):
    source, into = two
    stays, kept = (Chapter.objects.get(series=title, number=1) for title in two)
    aside, live = (Chapter.objects.get(series=title, number=3) for title in (into, source))
    read(outsider_otto, stays, 1, 3, is_finished=True)
    read(outsider_otto, aside, 1, 2, is_finished=True)
    read(reader_rina, kept, 2, 9, is_finished=True)
    read(reader_rina, kept, 4, 2)
    read(reader_rina, stays, 1, 9, is_finished=True)
    read(reader_rina, stays, 3, 7)
    read(uploader_uli, stays, 5, 9, is_finished=True)
    read(uploader_uli, kept, 6, 0, is_unread=True)
    read(moderator_mo, stays, 1, 1)
    before = everything()

    job = merge_titles(source, into, moderator=moderator_mo)

    moments = [datetime(2026, 1, 1, 0, minute, tzinfo=UTC) for minute in range(7)]
    of_kept = ReadingState.objects.filter(chapter=kept)
    columns = ("user", "page", "finished_at", "last_finished_at", "changed_at", "series")
    assert {user: row for user, *row in of_kept.values_list(*columns)} == {
        outsider_otto.pk: [3, moments[1], moments[1], moments[1], into.pk],
        reader_rina.pk: [2, moments[1], moments[2], moments[4], into.pk],
        uploader_uli.pk: [0, None, None, moments[6], into.pk],
        moderator_mo.pk: [1, None, None, moments[1], into.pk],
    }  # fmt: skip
    assert ReadingState.objects.get(chapter=live, user=outsider_otto).finished_at == moments[1]
    assert ReadingState.objects.get(chapter=stays, user=reader_rina).series_id == source.pk

    kept.refresh_from_db()
    read(moderator_mo, kept, 6, 5)
    undo_job_of(job, user=moderator_mo)

    since = ReadingState.objects.get(chapter=kept, user=moderator_mo)
    assert (since.page, since.series_id) == (5, into.pk)
    since.delete()
    assert everything() == before


def test_only_moderators_merge_and_only_what_can_be_one(two, moderator_mo, reader_rina):
    source, into = two
    movie = make_title("Manas", kind="movie")

    with pytest.raises(Forbidden):
        merge_titles(source, into, moderator=reader_rina)
    for wrong in (movie, source):
        with pytest.raises(Invalid):
            merge_titles(source, wrong, moderator=moderator_mo)

    assert not Title.objects.filter(moderation=Moderation.UNLISTED).exists()


@pytest.mark.same_everywhere
def test_moderators_merge_by_the_api_and_undo_it(two, moderator_mo, reader_rina):
    source, into = two
    client, path = client_of(moderator_mo), f"/api/titles/{source.slug}/merge"

    refused = [client.post(path, {"into": pk}, format="json") for pk in (10**9, source.pk)]
    foreign = client_of(reader_rina).post(path, {"into": into.pk}, format="json")
    job = client.post(path, {"into": into.pk}, format="json").json()
    merged = Title.objects.get(pk=source.pk).moderation
    undone = client.post(f"/api/jobs/{job['id']}/undo")

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(400, "invalid")] * 2
    assert refused[0].json()["fields"].keys() == {"into"}
    assert foreign.status_code == 403
    assert (job["kind"], job["can_undo"], merged) == ("merge_titles", True, "unlisted")
    assert undone.status_code == 200
    assert Title.objects.get(pk=source.pk).moderation == "approved"


def test_every_column_that_points_at_a_title_is_moved_by_somebody():
    covered = [column for part in participants().values() for column in part.title_columns]

    assert sorted(covered) == sorted(columns_about(Title))


def test_two_chosen_titles_are_merged_in_the_admin(two, log_in, moderator_mo):
    source, into = two
    chosen = {"action": "merge", "_selected_action": [source.pk, into.pk]}

    log_in(moderator_mo).post("/admin/reader/series/", chosen)

    assert Title.objects.filter(moderation=Moderation.UNLISTED).get() == source
