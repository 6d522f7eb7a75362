"""Somebody's list at AniList is imported, tried first, stopped, gone on with and undone."""

import pytest

from common.models import Job, JobItem
from common.work import jobs
from common.work.jobs import begin_undo, run_job
from tests.cast import client_of
from tests.sources.doubles.anilist import outage
from tests.tracker.anilist.conftest import connect, rest_budget
from tests.tracker.builders import assert_counted_right, keep
from tracker.anilist import importing
from tracker.choices import AniListState
from tracker.models import AniListAccount, AniListEntry, LibraryChange, LibraryItem

PATH = "/api/anilist/import"
pytestmark = pytest.mark.django_db


@pytest.fixture
def works(anilist) -> list[int]:
    """The ids of the titles that the double knows."""
    return [int(work.anilist) for work in anilist.works if work.anilist]


def start(user, **words) -> Job:
    answer = client_of(user).post(PATH, words, content_type="application/json")
    assert answer.status_code == 202, answer.json()
    return Job.objects.get(pk=answer.json()["id"])


def run(job: Job) -> Job:
    run_job.run(job.pk)
    job.refresh_from_db()
    return job


def item_of(user, media_id: int) -> LibraryItem:
    return LibraryItem.objects.get(user=user, title__anilist_id=media_id)


def fill(anilist, aida, works) -> None:
    """Give Aida a list: one in two custom lists, a hidden one and a private one."""
    day = {"year": 2024, "month": 2, "day": 29}
    anilist.people.put(
        aida, works[0], status="REPEATING", score_raw=73, progress=7, progress_volumes=2, repeat=1,
        notes="Жакшы", started=day, custom_lists=aida.custom_lists,
    )  # fmt: skip
    anilist.people.put(
        aida, works[1], status="PAUSED", hidden=True, custom_lists=aida.custom_lists[:1]
    )
    anilist.people.put(aida, works[2], status="COMPLETED", private=True, updated_at=0)


def test_a_list_is_tried_imported_and_undone(reader_rina, anilist, aida, works):
    connect(reader_rina, aida, anilist)
    fill(anilist, aida, works)

    tried = run(start(reader_rina, dry_run=True))
    assert (tried.state, tried.outcome, tried.total) == ("done", {"done": 3}, 3)
    assert {one.code for one in tried.items.all()} == {"would_add"}
    assert not LibraryItem.objects.exists()

    job = run(start(reader_rina))
    item = item_of(reader_rina, works[0])
    hidden, private = (item_of(reader_rina, media_id) for media_id in works[1:3])
    link = AniListEntry.objects.get(media_id=works[0])

    assert (job.state, job.outcome, job.total) == ("done", {"done": 3}, 3)
    assert (item.status, item.score, item.progress, item.repeats) == ("repeating", 73, 7, 1)
    assert (item.progress_volumes, item.notes, str(item.started_on)) == (2, "Жакшы", "2024-02-29")
    assert (hidden.status, private.is_private) == ("paused", True)
    assert (link.entry_id, link.agreed["score"]) == (aida.entries[works[0]].id, 73)
    assert item.synced_at is not None
    assert not AniListEntry.objects.exclude(waiting_since=None).exists()
    assert not anilist.people.writes
    assert_counted_right(reader_rina)

    again = run(start(reader_rina))
    assert again.outcome == {"skipped": 3}
    assert LibraryChange.objects.count() == 3

    client_of(reader_rina).patch(
        f"/api/library/items/{hidden.pk}", {"score": 10}, content_type="application/json"
    )
    begin_undo(job, user=reader_rina)
    run(job)
    assert [one.pk for one in LibraryItem.objects.all()] == [hidden.pk]
    assert {one.code for one in job.items.filter(undone=False)} == {"changed_meanwhile"}
    assert_counted_right(reader_rina)


@pytest.mark.parametrize(
    ("policy", "fields", "waits"),
    [("keep", (90, 2), True), ("overwrite", (40, 7), False), ("latest", (90, 7), True)],
)
def test_what_is_kept_already_is_settled_as_the_policy_says(  # noqa: PLR0917
    reader_rina, anilist, aida, works, policy, fields, waits
):
    connect(reader_rina, aida, anilist)
    anilist.people.put(aida, works[0], score_raw=40, progress=7, updated_at=1_000_000)
    run(start(reader_rina))
    item = item_of(reader_rina, works[0])
    AniListEntry.objects.all().delete()
    keep(reader_rina, item.title, score=90, progress=2, status="current")

    job = run(start(reader_rina, policy=policy, types=["ANIME", "MANGA"]))
    item.refresh_from_db()

    assert (item.score, item.progress) == fields
    assert AniListEntry.objects.get().agreed["score"] == 40
    assert (AniListEntry.objects.get().waiting_since is not None) is waits
    if fields != (90, 2):
        begin_undo(job, user=reader_rina)
        run(job)
        item.refresh_from_db()
        assert (item.score, item.progress) == (90, 2)


def test_a_killed_import_goes_on_and_one_that_waits_rests(
    reader_rina, anilist, aida, works, monkeypatch
):
    monkeypatch.setattr("tracker.anilist.client.PER_CHUNK", 1)
    connect(reader_rina, aida, anilist)
    fill(anilist, aida, works)
    job = start(reader_rina)

    anilist.plan(outage(), path="/graphql")
    rested = run(job)
    assert (rested.state, rested.done, rested.failures) == ("running", 0, 0)
    assert rested.lease_until is not None

    whole = importing.take_entry
    died: list[int] = []

    def dies(*words, **more):
        if len(died) < 1 and LibraryItem.objects.exists():
            died.append(1)
            raise SystemExit
        return whole(*words, **more)

    monkeypatch.setattr(importing, "take_entry", dies)
    rest_budget()
    Job.objects.update(lease_until=None)
    with pytest.raises(SystemExit):
        run_job.run(job.pk)
    assert not LibraryItem.objects.exists()
    Job.objects.update(lease_until=None)
    run(job)

    assert (job.state, job.done, job.total, job.outcome) == ("done", 3, 3, {"done": 3})
    assert JobItem.objects.count() == 3
    assert_counted_right(reader_rina)


def test_an_import_ends_where_the_permission_has(reader_rina, anilist, aida, works):
    other = client_of(reader_rina).post(PATH, {}, content_type="application/json")
    connect(reader_rina, aida, anilist)
    job = start(reader_rina)
    twice = client_of(reader_rina).post(PATH, {}, content_type="application/json")
    anilist.people.revoke(aida)
    run(job)

    assert (other.status_code, other.json()["code"]) == (409, "anilist_not_connected")
    assert twice.status_code == 409
    assert (job.state, job.error_code) == ("failed", "anilist_token_refused")
    assert AniListAccount.objects.get().state == AniListState.REVOKED
    assert jobs.KINDS["import_anilist"].can_undo
