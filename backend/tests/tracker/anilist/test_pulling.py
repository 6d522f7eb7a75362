"""Lists at AniList are read every few hours: what changed there is taken, conflicts are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.jobs import undo_job_of
from catalog.merging import merge_titles
from tests.cast import client_of, make_user
from tests.sources.doubles.anilist import outage
from tests.tracker.anilist.conftest import connect, rest_budget
from tests.tracker.builders import assert_counted_right
from tracker.anilist import pulling
from tracker.anilist.pulling import pull_list
from tracker.choices import AniListState
from tracker.models import AniListAccount, AniListConflict, AniListEntry, LibraryItem

CONFLICTS = "/api/anilist/conflicts"
pytestmark = pytest.mark.django_db


@pytest.fixture
def works(anilist) -> list[int]:
    """The ids of the titles that the double knows."""
    return [int(work.anilist) for work in anilist.works if work.anilist]


@pytest.fixture
def rina(reader_rina, anilist, aida, works):
    """Somebody whose list has been read: two titles."""
    connect(reader_rina, aida, anilist)
    anilist.people.put(aida, works[0], score_raw=40, progress=7)
    anilist.people.put(aida, works[1], status="PAUSED")
    sync(reader_rina)
    return reader_rina


def sync(user) -> dict[str, Any]:
    answer = client_of(user).post("/api/anilist/sync")
    assert answer.status_code == 202, answer.json()
    for _turn in range(20):
        due = list(pull_list.due())
        if not due:
            break
        pull_list.run(due[0])
    result: dict[str, Any] = AniListAccount.objects.get(user=user).last_result
    return result


def item_of(user, media_id: int) -> LibraryItem:
    return LibraryItem.objects.get(user=user, title__anilist_id=media_id)


def edit(user, media_id: int, **fields) -> None:
    path = f"/api/library/items/{item_of(user, media_id).pk}"
    answer = client_of(user).patch(path, fields, content_type="application/json")
    assert answer.status_code == 200, answer.json()


def test_what_changed_there_comes_here_and_what_was_taken_out_goes(rina, anilist, aida, works):
    first = AniListAccount.objects.get().last_result
    heard = len(anilist.requests)
    anilist.people.put(aida, works[0], progress=3, score_raw=55)
    anilist.people.put(aida, works[2], status="COMPLETED")
    anilist.people.take_out(aida, works[1])

    second, third = sync(rina), sync(rina)
    account = AniListAccount.objects.get()

    assert (first["entries"], first["added"], first["is_whole"]) == (2, 2, True)
    assert [second[name] for name in ("added", "changed", "removed", "conflicts")] == [1, 1, 1, 0]
    assert [third[name] for name in ("added", "changed", "removed", "failed")] == [0, 0, 0, 0]
    assert (item_of(rina, works[0]).progress, item_of(rina, works[0]).score) == (3, 55)
    assert LibraryItem.objects.count() == AniListEntry.objects.count() == 2
    assert len(anilist.requests) - heard == 5  # two lists each time, and one for what was missing
    assert account.pull_at is not None
    assert timedelta(hours=3) < account.pull_at - timezone.now() < timedelta(hours=5)
    assert (account.pull_cursor, account.error_code) == ({}, "")
    assert not anilist.people.writes
    assert_counted_right(rina)


def test_what_is_missing_stays_where_a_list_is_cut_waits_or_was_changed_here(
    rina, anilist, aida, works, monkeypatch
):
    anilist.people.take_out(aida, works[0])
    with monkeypatch.context() as patch:
        patch.setattr(pulling, "MOST_ENTRIES", 1)
        cut = sync(rina)
    AniListEntry.objects.filter(media_id=works[0]).update(waiting_since=timezone.now())
    waits = sync(rina)
    AniListEntry.objects.update(waiting_since=None)
    edit(rina, works[0], score=99)
    AniListEntry.objects.update(waiting_since=None)  # as where scores are not sent
    changed = sync(rina)

    assert (cut["is_whole"], cut["removed"], waits["removed"], changed["removed"]) == (
        False, 0, 0, 0,
    )  # fmt: skip
    assert item_of(rina, works[0]).score == 99
    assert AniListEntry.objects.get(media_id=works[0]).entry_id is None


def test_what_was_taken_out_here_does_not_come_back_unless_it_changes_there(
    rina, anilist, aida, works
):
    client_of(rina).delete(f"/api/library/items/{item_of(rina, works[1]).pk}")
    quiet = sync(rina)
    assert (quiet["added"], LibraryItem.objects.count()) == (0, 1)

    anilist.people.put(aida, works[1], progress=1)
    assert sync(rina)["added"] == 1


def test_a_title_that_was_merged_away_does_not_come_back_by_a_change_there(
    rina, anilist, aida, works, moderator_mo
):
    anilist.people.put(aida, works[2], progress=1)
    sync(rina)
    away, kept = item_of(rina, works[2]).title, item_of(rina, works[0]).title
    job = merge_titles(away, kept, moderator=moderator_mo)
    titles = set(LibraryItem.objects.values_list("title", flat=True))

    anilist.people.put(aida, works[2], progress=2)
    merged = sync(rina)

    assert (merged["added"], merged["removed"]) == (0, 0)
    assert set(LibraryItem.objects.values_list("title", flat=True)) == titles
    assert away.pk not in titles
    assert works[2] in aida.entries

    undo_job_of(job, user=moderator_mo)
    sync(rina)
    assert item_of(rina, works[2]).progress == 2


def test_a_conflict_is_told_decided_and_turned_round(rina, anilist, aida, works):
    AniListAccount.objects.update(conflicts="ask")
    edit(rina, works[0], score=90)
    anilist.people.put(aida, works[0], score_raw=20, progress=9)

    counts, again = sync(rina), sync(rina)
    client = client_of(rina)
    [row] = client.get(CONFLICTS, {"open": "true"}).json()["results"]
    status = client.get("/api/anilist/status").json()
    strange = client_of(make_user("other")).post(
        f"{CONFLICTS}/{row['id']}", {"keep": "mine"}, content_type="application/json"
    )

    assert (counts["conflicts"], again["conflicts"], status["open_conflicts"]) == (1, 0, 1)
    assert (row["field"], row["mine"], row["theirs"], row["kept"]) == ("score", 90, 20, "waits")
    assert (item_of(rina, works[0]).score, item_of(rina, works[0]).progress) == (90, 9)
    assert strange.status_code == 404

    def keep(which: str) -> tuple[int | None, bool]:
        path = f"{CONFLICTS}/{row['id']}"
        answer = client.post(path, {"keep": which}, content_type="application/json").json()
        assert (answer["kept"], answer["why"]) == (which, "turned")
        link = AniListEntry.objects.get(media_id=works[0])
        return item_of(rina, works[0]).score, link.waiting_since is not None

    assert keep("theirs") == (20, False)
    assert keep("mine") == (90, True)
    assert not client.get(CONFLICTS, {"open": "true"}).json()["results"]
    assert sync(rina)["conflicts"] == 0
    assert item_of(rina, works[0]).score == 90


def test_of_two_changes_the_later_counts_and_the_log_says_so(rina, anilist, aida, works):
    edit(rina, works[0], score=90, progress=8)
    anilist.people.put(
        aida, works[0], score_raw=20, progress=5, updated_at=int(anilist.people.clock()) + 60
    )

    assert sync(rina)["conflicts"] == 2
    told = {(one.field, one.kept, one.why) for one in AniListConflict.objects.all()}
    item = item_of(rina, works[0])

    assert told == {("score", "theirs", "later"), ("progress", "mine", "higher")}
    assert (item.score, item.progress) == (20, 8)


def test_accounts_take_turns_and_a_long_list_goes_on_where_it_was(
    rina, anilist, aida, works, monkeypatch
):
    monkeypatch.setattr("tracker.anilist.client.PER_CHUNK", 1)
    bek, other = anilist.people.add("Bek"), make_user("bek")
    connect(other, bek, anilist)
    anilist.people.put(bek, works[0])
    for user in (rina, other):
        client_of(user).post("/api/anilist/sync")
    order = []
    anilist.plan(outage(), path="/graphql")
    for turn in range(20):
        rest_budget()
        if turn == 1:
            failed = AniListAccount.objects.get(error_code="source_down")
            assert failed.failures == 1
            assert failed.pull_at is not None
            assert failed.pull_at > timezone.now()
            AniListAccount.objects.filter(pk=failed.pk).update(pull_at=timezone.now())
        [*due] = pull_list.due()
        if not due:
            break
        order.append(due[0])
        pull_list.run_from_message(due[0])

    assert order[:5] == [rina.pk, other.pk, rina.pk, other.pk, rina.pk]
    assert LibraryItem.objects.filter(user=other).count() == 1
    assert not AniListAccount.objects.exclude(error_code="").exists()


def test_a_pull_ends_where_the_permission_has_and_a_list_nobody_asked_for_is_not_read(
    reader_rina, anilist, aida
):
    connect(reader_rina, aida, anilist)
    assert not list(pull_list.due())

    anilist.people.revoke(aida)
    sync(reader_rina)

    assert AniListAccount.objects.get().state == AniListState.REVOKED
    refused = client_of(reader_rina).post("/api/anilist/sync")
    assert (refused.status_code, refused.json()["code"]) == (409, "anilist_not_connected")
