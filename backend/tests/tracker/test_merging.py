"""Two titles become one: what becomes of the libraries and lists that hold them, and back."""

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.jobs import undo_job_of
from accounts.models import User
from catalog.merging import merge_titles
from catalog.models import Title
from tests.at_once import run_at_once
from tests.cast import client_of, make_title, make_user
from tests.tracker.builders import (
    assert_counted_right,
    at,
    catch_up,
    keep,
    make_chapters,
    read,
)
from tracker.choices import Origin
from tracker.library.items import edit_item, remove_item
from tracker.library.lists import make_list, put_entry
from tracker.models import LibraryChange, LibraryCount, LibraryItem, LibraryListEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> tuple[Title, Title]:
    return make_title("Manas", kind="manga"), make_title("Манас", kind="novel")


def everything() -> dict[str, list[Any]]:
    """All that a merge changes of libraries, without the times of changes and counters of none."""
    columns = [
        field.name
        for field in LibraryItem._meta.concrete_fields
        if field.name not in ("updated_at", "field_times", "name_order")
    ]
    counts = LibraryCount.objects.order_by("user", "kind", "status").exclude(items=0)
    history = LibraryChange.objects.filter(undone_at__isnull=True).order_by("pk")
    return {
        "items": [
            (*row, bytes(order), field_times)
            for *row, order, field_times in LibraryItem.objects.order_by("pk").values_list(
                *columns, "name_order", "field_times__status"
            )
        ],
        "tags": sorted(LibraryItem.tags.through.objects.values_list("libraryitem", "librarytag")),
        "history": list(history.values_list("pk", "title", "origin")),
        "counts": list(counts.values_list("user", "kind", "status", "items", "progress", "unread")),
        "entries": sorted(
            LibraryListEntry.objects.values_list("list", "title", "position", "list__entry_count")
        ),
    }


def test_items_move_or_become_one_and_come_back(
    two, reader_rina, outsider_otto, uploader_uli, moderator_mo
):
    source, into = two
    [_first, second] = make_chapters(uploader_uli, source, 1, 2)
    make_chapters(uploader_uli, into, 1, 3)
    moved = keep(outsider_otto, source, status="current", progress=1, score=70)
    read(outsider_otto, [second])
    kept = keep(
        reader_rina, into, status="paused", progress=2, notes="Good", tags=["a", "b"],
        started_on=at(0).date(), repeats=1,
    )  # fmt: skip
    other = keep(
        reader_rina, source, status="dropped", progress=5, score=80, notes="Long", private=True,
        favourite=True, tags=["b", "c"], finished_on=at(0).date(), max_progress=9,
    )  # fmt: skip
    catch_up()
    before = everything()

    job = merge_titles(source, into, moderator=moderator_mo)
    catch_up()

    assert not LibraryItem.objects.filter(title=source).exists()
    moved.refresh_from_db()
    assert (moved.title_id, moved.kind, moved.unread_count) == (into.pk, "novel", 2)
    assert bytes(moved.name_order) == bytes(into.name_order)
    rina = client_of(reader_rina)
    row = rina.get(f"/api/library/items/{kept.pk}").json()
    assert row.items() >= {
        "status": "dropped", "progress": 5, "score": 80, "notes": "Good\n\nLong", "private": True,
        "favourite": True, "tags": ["a", "b", "c"], "started_on": "2026-01-01",
        "finished_on": "2026-01-01", "repeats": 1, "max_progress": 9, "unread_count": 3,
    }.items()  # fmt: skip
    assert not LibraryChange.objects.filter(title=source).exists()
    newest = rina.get("/api/library/history").json()["results"][0]
    assert (newest["origin"], newest["changes"]["progress"]) == ("merge", [2, 5])
    assert newest["changes"]["title"] == ["Manas", "Манас"]
    undone = rina.post(f"/api/library/history/{newest['id']}/undo")
    assert (undone.status_code, undone.json()["code"]) == (409, "not_last_change")
    assert_counted_right(reader_rina, outsider_otto)

    undo_job_of(job, user=moderator_mo)
    catch_up()

    assert everything() == before
    assert LibraryItem.objects.get(pk=other.pk).title_id == source.pk
    assert_counted_right(reader_rina, outsider_otto)


@pytest.mark.same_everywhere
def test_what_was_changed_since_stays_at_the_undoing(two, reader_rina, outsider_otto, moderator_mo):
    source, into = two
    kept, _other = (
        keep(reader_rina, into, progress=1),
        keep(reader_rina, source, progress=5, score=7),
    )
    moved = keep(outsider_otto, source)
    gone, _its = keep(moderator_mo, into), keep(moderator_mo, source)

    job = merge_titles(source, into, moderator=moderator_mo)
    edit_item(reader_rina, kept.pk, fields={"progress": 6}, origin=Origin.WEB)
    edit_item(outsider_otto, moved.pk, fields={"progress": 4}, origin=Origin.WEB)
    remove_item(moderator_mo, gone.pk, origin=Origin.WEB)
    undo_job_of(job, user=moderator_mo)

    found = LibraryItem.objects.order_by("user", "progress")
    assert set(found.values_list("user", "title", "progress", "score")) == {
        (reader_rina.pk, into.pk, 6, None), (reader_rina.pk, source.pk, 5, 7),
        (outsider_otto.pk, source.pk, 4, None),
    }  # fmt: skip
    assert LibraryChange.objects.filter(user=outsider_otto, title=source).count() == 3
    assert_counted_right(reader_rina, outsider_otto, moderator_mo)


@pytest.mark.same_everywhere
def test_entries_of_lists_move_and_none_is_there_twice(two, reader_rina, moderator_mo):
    source, into = two
    one, both = (make_list(reader_rina, name=name) for name in ("One", "Both"))
    for found, title in ((one, source), (both, source), (both, into)):
        put_entry(reader_rina, found.pk, title_id=title.pk)
    before = everything()

    job = merge_titles(source, into, moderator=moderator_mo)
    entries = everything()["entries"]
    undo_job_of(job, user=moderator_mo)

    assert entries == [(one.pk, into.pk, 1, 1), (both.pk, into.pk, 2, 1)]
    assert everything() == before


@pytest.mark.same_everywhere
def test_many_holders_take_as_many_statements_as_few(moderator_mo):
    def statements(holders: int) -> tuple[int, int]:
        source, into = make_title(f"Of {holders}"), make_title(f"For {holders}")
        for number in range(holders):
            user = make_user(f"u{holders}-{number}")
            keep(user, source, progress=3, tags=["a"])
            if number % 2:
                keep(user, into, tags=["b"])
            mine = make_list(user, name="Mine")
            for title in two_of(source, into, number):
                put_entry(user, mine.pk, title_id=title.pk)
        moderator = User.objects.get(pk=moderator_mo.pk)  # whose permissions nobody has looked up
        with CaptureQueriesContext(connection) as merging:
            job = merge_titles(source, into, moderator=moderator)
        with CaptureQueriesContext(connection) as undoing:
            undo_job_of(job, user=moderator)
        return len(merging), len(undoing)

    def two_of(source: Title, into: Title, number: int) -> list[Title]:
        return [source, into] if number % 2 else [source]

    assert statements(2) == statements(12)


@pytest.mark.django_db(transaction=True)
def test_users_who_edit_and_add_meanwhile_wait_for_nobody_for_ever(
    two, reader_rina, outsider_otto, moderator_mo
):
    source, into = two
    item = keep(outsider_otto, source)
    rina, otto = client_of(reader_rina), client_of(outsider_otto)
    step = partial(otto.post, f"/api/library/items/{item.pk}/progress", {"by": 1}, format="json")
    add = partial(rina.post, "/api/library/items", {"title_id": source.pk}, format="json")

    job, *answers = run_at_once(
        partial(merge_titles, source, into, moderator=moderator_mo), add, step, step
    )

    assert job.kind == "merge_titles"
    assert [answer.status_code for answer in answers[1:]] == [200, 200]
    item.refresh_from_db()
    assert (item.title_id, item.progress) == (into.pk, 2)
    assert_counted_right(reader_rina, outsider_otto)
