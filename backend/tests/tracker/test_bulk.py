"""One change of many items: what becomes of each, and how it is taken back."""

import pytest

from accounts.models import User
from tests.cast import client_of, make_title
from tests.tracker.builders import assert_counted_right, keep, make_chapters, read
from tracker.library import bulk
from tracker.models import LibraryChange, LibraryItem, LibraryList

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


@pytest.fixture
def three(reader_rina: User) -> list[LibraryItem]:
    return [
        keep(reader_rina, make_title("A", status="completed", length=12), tags=["old"]),
        keep(reader_rina, make_title("B"), status="current", progress=3, score=50),
        keep(reader_rina, make_title("C", kind="anime"), favourite=True),
    ]


def send(user, **body):
    return client_of(user).post("/api/library/bulk", body, format="json")


def undo(user, answer):
    return client_of(user).post(f"/api/jobs/{answer.json()['id']}/undo")


def kept(user):
    """Return what a library holds, without ids and times."""
    rows = client_of(user).get("/api/library/items?ordering=title").json()["results"]
    left_out = {"id", "created_at", "updated_at"}
    return [{name: v for name, v in row.items() if name not in left_out} for row in rows]


def test_what_follows_from_a_change_follows_for_each_and_all_of_it_can_be_undone(
    reader_rina, three
):
    before = kept(reader_rina)

    answer = send(
        reader_rina, ids=[item.pk for item in three],
        set={"status": "watched", "add_tags": ["done", "OLD"], "score": 80},
    )  # fmt: skip
    after = kept(reader_rina)
    assert_counted_right(reader_rina)
    undone = undo(reader_rina, answer)

    assert (answer.status_code, answer.json()["outcome"]["done"]) == (200, 3)
    assert [row["status"] for row in after] == ["completed"] * 3
    assert [row["progress"] for row in after] == [12, 3, 0]
    assert [row["tags"] for row in after] == [["done", "old"]] * 3
    assert undone.json()["outcome"]["undone"] == 3
    assert kept(reader_rina) == before
    assert set(LibraryChange.objects.values_list("origin", flat=True)) == {"web", "bulk", "undo"}
    assert_counted_right(reader_rina)


def test_what_was_changed_since_is_not_undone(reader_rina, three):
    answer = send(reader_rina, filter={}, set={"score": 80, "private": True})
    path = f"/api/library/items/{three[1].pk}"
    client_of(reader_rina).patch(path, {"score": 10}, format="json")
    client_of(reader_rina).delete(f"/api/library/items/{three[2].pk}")

    undone = undo(reader_rina, answer).json()

    assert undone["outcome"] == {"done": 3, "skipped": 0, "failed": 0, "undone": 2}
    assert [(row["score"], row["private"]) for row in kept(reader_rina)] == [
        (None, False), (10, False),
    ]  # fmt: skip
    assert undo(reader_rina, answer).status_code == 409
    assert_counted_right(reader_rina)


def test_many_are_removed_and_come_back_as_they_were(reader_rina, uploader_uli, three):
    series = three[0].title
    read(reader_rina, make_chapters(uploader_uli, series, 1, 2)[:1])
    before = kept(reader_rina)

    answer = send(reader_rina, filter={"type": ["manga"]}, delete=True)
    left = kept(reader_rina)
    assert_counted_right(reader_rina)
    undone = undo(reader_rina, answer)
    read(reader_rina, [])  # what is unread is counted by a worker

    assert (answer.json()["outcome"]["done"], [row["title"] for row in left]) == (2, ["C"])
    assert undone.json()["outcome"]["undone"] == 2
    assert kept(reader_rina) == before
    assert_counted_right(reader_rina)


def test_many_go_into_a_list_and_out_again(reader_rina, three):
    rina = client_of(reader_rina)
    pk = rina.post("/api/library/lists", {"name": "Road"}, format="json").json()["id"]
    rina.post(f"/api/library/lists/{pk}/items", {"title_id": three[1].title_id}, format="json")

    answer = send(reader_rina, filter={}, add_to_list=pk)
    listed = rina.get(f"/api/library/lists/{pk}").json()["titles"]["results"]
    undo(reader_rina, answer)

    assert answer.json()["outcome"] == {"done": 2, "skipped": 1, "failed": 0, "undone": 0}
    assert [row["name"] for row in listed] == ["B", "A", "C"]
    assert LibraryList.objects.get().entry_count == 1
    assert send(reader_rina, filter={}, add_to_list=pk + 1).status_code == 404


def test_each_item_says_why_it_was_not_changed_or_all_stay(reader_rina, outsider_otto, three):
    others = keep(outsider_otto, make_title("D"))
    many = [str(number) for number in range(30)]
    keep(reader_rina, three[0].title, tags=many)
    ids = [item.pk for item in three] + [others.pk]
    wish = {"favourite": True, "add_tags": ["one more"]}

    whole = send(reader_rina, ids=ids, set=wish, mode="all_or_nothing")
    untouched = LibraryItem.objects.filter(is_favourite=True).count()
    some = send(reader_rina, ids=ids, set=wish)
    again = send(reader_rina, ids=ids[1:3], set=wish)

    failed = {(others.pk, "failed", "not_found"), (three[0].pk, "failed", "too_many")}
    assert (whole.status_code, whole.json()["code"], untouched) == (409, "bulk_refused", 1)
    assert {tuple(row.values()) for row in whole.json()["results"]} == failed
    assert {tuple(row.values()) for row in some.json()["results"]} == failed | {
        (three[1].pk, "done", ""), (three[2].pk, "done", ""),
    }  # fmt: skip
    assert {row["code"] for row in again.json()["results"]} == {"unchanged"}
    listed = client_of(reader_rina).get(f"/api/jobs/{some.json()['id']}/items?outcome=failed")
    assert len(listed.json()["results"]) == 2
    assert_counted_right(reader_rina, outsider_otto)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ids"),
        ({"ids": [1], "filter": {}, "delete": True}, "ids"),
        ({"filter": {}}, "set"),
        ({"filter": {}, "delete": True, "set": {"score": 1}}, "set"),
        ({"filter": {"statsu": "current"}, "delete": True}, "filter"),
        ({"filter": {"status": "seen"}, "delete": True}, "filter.status"),
        ({"filter": {}, "set": {"score": 101}}, "set.score"),
    ],
)
def test_what_it_is_not_sure_about_changes_nothing(body, field, reader_rina, three):
    answer = send(reader_rina, **body)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert LibraryItem.objects.count() == 3


def test_there_is_a_most_at_once(reader_rina, three, monkeypatch):
    monkeypatch.setattr(bulk, "MAX_AT_ONCE", 2)

    answer = send(reader_rina, filter={}, delete=True)

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many")


def test_many_take_as_many_statements_as_few(reader_rina, three, django_assert_max_num_queries):
    for number in range(30):
        keep(reader_rina, make_title(f"More {number}"))

    with django_assert_max_num_queries(45):
        answer = send(reader_rina, filter={}, set={"status": "paused", "add_tags": ["later"]})

    assert answer.json()["outcome"]["done"] == 33
