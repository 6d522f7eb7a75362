"""What is changed here is sent to lists at AniList: once, and never over a change there."""

import random
from typing import Any

import pytest
from django.utils import timezone

from accounts.roles.bans import ban_user, lift_ban
from catalog.models import Title
from common.models import Job
from common.work.jobs import run_job
from tests.cast import client_of, make_title
from tests.sources.double import cut
from tests.sources.doubles.anilist import outage, server_error, too_many
from tests.tracker.anilist.conftest import connect, rest_budget
from tests.tracker.builders import keep
from tracker.anilist.client import AniListLists
from tracker.anilist.pulling import pull_list
from tracker.anilist.pushing import send_next
from tracker.anilist.values import values_of_fields
from tracker.choices import AniListState
from tracker.library.items import fields_of
from tracker.models import AniListAccount, AniListEntry, LibraryItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def works(anilist) -> list[int]:
    """The ids of the titles that the double knows."""
    return [int(work.anilist) for work in anilist.works if work.anilist]


@pytest.fixture
def rina(reader_rina, anilist, aida, works):
    """Somebody whose list has been read: three titles."""
    connect(reader_rina, aida, anilist, send_notes=True, send_private=True)
    for number, media_id in enumerate(works[:3]):
        anilist.people.put(aida, media_id, progress=number, status="PAUSED")
    sync(reader_rina)
    return reader_rina


def sync(user) -> None:
    AniListAccount.objects.filter(user=user).update(pull_cursor={}, pull_at=timezone.now())
    AniListAccount.objects.filter(user=user, pulled_at=None).update(pulled_at=timezone.now())
    work(pull_list)


def work(task: Any, *, turns: int = 60) -> None:
    """Run a task while something is due."""
    for _turn in range(turns):
        due = list(task.due())
        if not due:
            return
        task.run(due[0])


def soon() -> None:
    """Let pass what is waited for."""
    rest_budget()
    now = timezone.now()
    AniListAccount.objects.filter(send_at__isnull=False).update(send_at=now, lease_until=None)


def item_of(user, media_id: int) -> LibraryItem:
    return LibraryItem.objects.get(user=user, title__anilist_id=media_id)


def edit(user, media_id: int, **fields) -> None:
    path = f"/api/library/items/{item_of(user, media_id).pk}"
    answer = client_of(user).patch(path, fields, content_type="application/json")
    assert answer.status_code == 200, answer.json()


def both(user, person, media_id: int) -> list[dict[str, Any]]:
    """Return what both sides have of a title."""
    item = LibraryItem.objects.select_related("title").get(user=user, title__anilist_id=media_id)
    agreed = AniListEntry.objects.get(account=user.pk, media_id=media_id).agreed
    entry = person.entries[media_id]
    title = item.title
    mine = values_of_fields(fields_of(item), kind=title.kind, minutes=title.duration_minutes)
    there = {
        "status": entry.status.lower(), "progress": entry.progress, "repeats": entry.repeat,
        "progress_volumes": entry.progress_volumes, "score": entry.score_raw or None,
        "notes": entry.notes or "", "private": entry.private,
    }  # fmt: skip
    return [
        {name: mine[name] for name in there},
        there,
        {name: agreed[name] for name in there},
    ]


def test_what_waits_outlasts_a_ban(rina, anilist, aida, works, moderator_mo):
    edit(rina, works[0], progress=2)
    ban_user(rina, moderator=moderator_mo, reason="Spam.")
    work(send_next, turns=2)
    meanwhile = list(anilist.people.writes)
    lift_ban(rina, moderator=moderator_mo, reason="A mistake.")
    soon()
    work(send_next)

    mine, theirs, _agreed = both(rina, aida, works[0])
    assert (meanwhile, len(anilist.people.writes)) == ([], 1)
    assert mine == theirs


def test_changes_of_a_title_go_out_together_and_once(rina, anilist, aida, works):
    edit(rina, works[0], score=73, progress=1)
    edit(rina, works[0], status="repeating", notes="Жакшы", started_on="2024-02-29")
    client = client_of(rina)
    waiting = client.get("/api/anilist/status").json()["waiting"]
    [row] = client.get("/api/anilist/waiting").json()["results"]
    path = f"/api/library/items/{item_of(rina, works[0]).pk}"
    before = client.get(path).json()["sync"]
    work(send_next)
    after = client.get(path).json()["sync"]
    work(send_next)
    sync(rina)
    [write] = anilist.people.writes
    mine, theirs, agreed = both(rina, aida, works[0])

    assert (waiting, row["media_id"], before, after) == (1, works[0], "waiting", "synced")
    assert (write.given["scoreRaw"], write.given["status"]) == (73, "REPEATING")
    assert (write.given["progress"], write.given["repeat"]) == (mine["progress"], mine["repeats"])
    assert aida.entries[works[0]].started == {"year": 2024, "month": 2, "day": 29}
    assert mine == theirs == agreed
    assert not AniListEntry.objects.exclude(waiting_since=None).exists()
    assert item_of(rina, works[0]).synced_at is not None
    assert len(anilist.people.writes) == 1


def test_what_was_pulled_or_imported_is_never_sent_and_bulk_changes_are(rina, anilist, aida, works):
    anilist.people.put(aida, works[1], progress=2, score_raw=11)
    sync(rina)
    answer = client_of(rina).post("/api/anilist/import", {}, content_type="application/json")
    run_job.run(Job.objects.get(pk=answer.json()["id"]).pk)
    work(send_next)
    assert not anilist.people.writes

    wish = {"filter": {}, "set": {"score": 50}}
    client_of(rina).post("/api/library/bulk", wish, content_type="application/json")
    work(send_next)
    assert {entry.score_raw for entry in aida.entries.values()} == {50}
    assert len(anilist.people.writes) == 3


def test_titles_that_are_new_here_are_made_there_and_private_notes_stay(rina, anilist, aida, works):
    AniListAccount.objects.update(send_notes=False, send_private=False)
    new = make_title("New", anilist_id=works[4])
    hidden = make_title("Hidden", anilist_id=works[5])
    keep(rina, new, status="current", progress=1, notes="mine alone")
    keep(rina, hidden, status="current", private=True)
    work(send_next)

    assert (aida.entries[works[4]].status, aida.entries[works[4]].notes) == ("CURRENT", None)
    assert works[5] not in aida.entries
    assert Title.objects.filter(pk=new.pk).exists()


@pytest.mark.parametrize("sends", [True, False])
def test_what_is_removed_here_goes_there_only_where_that_was_chosen(
    rina, anilist, aida, works, sends
):
    AniListAccount.objects.update(send_deletions=sends)
    client_of(rina).delete(f"/api/library/items/{item_of(rina, works[0]).pk}")
    work(send_next)
    sync(rina)

    assert (works[0] not in aida.entries) is sends
    assert LibraryItem.objects.filter(user=rina).count() == 2
    assert not AniListEntry.objects.exclude(waiting_since=None).exists()


@pytest.mark.parametrize(
    ("fault", "commits"),
    [(server_error(), True), (server_error(), False), (cut(), True), (outage(), False)],
)
def test_after_a_lost_answer_the_entry_is_read_and_nothing_is_sent_twice(  # noqa: PLR0917
    rina, anilist, aida, works, fault, commits
):
    edit(rina, works[0], score=64)
    anilist.plan_write(fault, commits=commits)
    work(send_next)
    waits = AniListEntry.objects.exclude(waiting_since=None).count()
    soon()
    work(send_next)

    assert waits == 1
    assert aida.entries[works[0]].score_raw == item_of(rina, works[0]).score == 64
    assert len(anilist.people.writes) == 1
    assert not AniListEntry.objects.exclude(waiting_since=None).exists()


def test_killed_between_sending_and_recording_nothing_is_sent_twice(
    rina, anilist, aida, works, monkeypatch
):
    save = AniListLists.save_entry
    for turn in range(1, 51):
        edit(rina, works[0], score=turn)
        with monkeypatch.context() as patch:

            def dies(*words, before=turn % 2):
                if before:
                    save(*words)
                raise SystemExit

            patch.setattr(AniListLists, "save_entry", dies)
            with pytest.raises(SystemExit):
                work(send_next)
        soon()
        work(send_next)
        assert aida.entries[works[0]].score_raw == turn
        assert len(anilist.people.writes) == turn
    assert not AniListEntry.objects.exclude(waiting_since=None).exists()


def test_what_anilist_makes_of_a_value_is_taken_once(rina, anilist, aida, works):
    media_id = next(int(work.anilist) for work in anilist.works if work.anilist and work.length)
    anilist.people.put(aida, media_id, status="CURRENT")
    sync(rina)
    Title.objects.filter(anilist_id=media_id).update(length=None)
    edit(rina, media_id, progress=5000)
    for _turn in range(3):
        work(send_next)
        sync(rina)

    mine, theirs, agreed = both(rina, aida, media_id)
    assert mine == theirs == agreed
    assert mine["progress"] < 5000
    assert len(anilist.people.writes) == 1


def test_a_refused_value_is_told_and_a_lost_permission_loses_nothing(rina, anilist, aida, works):
    edit(rina, works[0], progress=40_000)
    work(send_next)
    told = client_of(rina).get("/api/anilist/status").json()
    row = AniListEntry.objects.get(media_id=works[0])
    edit(rina, works[0], progress=4)
    edit(rina, works[1], score=8)
    anilist.people.revoke(aida)
    work(send_next)

    assert (told["refused"], told["waiting"], row.refusal_code) == (1, 0, "anilist_refused")
    assert AniListAccount.objects.get().state == AniListState.REVOKED
    assert AniListEntry.objects.exclude(waiting_since=None).count() == 2


@pytest.mark.parametrize("seed", range(4))
def test_edits_on_both_sides_kills_and_faults_end_with_both_sides_equal(  # noqa: PLR0917
    rina, anilist, aida, works, seed, monkeypatch
):
    chance = random.Random(seed)
    save = AniListLists.save_entry

    def dies_at_times(*words):
        saved = save(*words)
        if chance.random() < 0.2:
            raise SystemExit
        return saved

    monkeypatch.setattr(AniListLists, "save_entry", dies_at_times)
    edits = [
        ("score", "score_raw", lambda: chance.randint(1, 100)),
        ("notes", "notes", lambda: chance.choice("абв")),
        ("progress", "progress", lambda: chance.randint(0, 9)),
        ("repeats", "repeat", lambda: chance.randint(0, 3)),
    ]
    for _step in range(25):
        media_id = chance.choice(works[:3])
        ours, there, value = chance.choice(edits)
        match chance.randint(0, 4):
            case 0 | 1:
                edit(rina, media_id, **{ours: value()})
            case 2:
                anilist.people.put(aida, media_id, **{there: value()})
            case 3:
                fault = chance.choice([server_error(), cut(), outage(), too_many()])
                anilist.plan_write(fault, commits=chance.random() < 0.5)
            case _:
                soon()
                try:
                    work(send_next)
                    sync(rina)
                except SystemExit:
                    soon()
    monkeypatch.setattr(AniListLists, "save_entry", save)
    for _quiet in range(10):  # the faults that are left are answered to
        soon()
        work(send_next)
        AniListAccount.objects.update(lease_until=None)
        sync(rina)
    writes = len(anilist.people.writes)
    soon()
    work(send_next)
    sync(rina)

    for media_id in works[:3]:
        mine, theirs, agreed = both(rina, aida, media_id)
        assert mine == theirs == agreed
    assert len(anilist.people.writes) == writes
    assert not AniListEntry.objects.exclude(waiting_since=None).exists()
