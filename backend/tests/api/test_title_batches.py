"""POST /api/titles/batch: many titles are changed or deleted, and it is undone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.batches import Wish, change_titles
from catalog.choices import Moderation
from catalog.models import Category, Tag, Title
from common.models import Job
from common.work.jobs import delete_old_jobs
from tests.cast import client_of, make_title, make_upload_row
from tests.tracker.builders import keep

pytestmark = pytest.mark.django_db

PATH = "/api/titles/batch"


@pytest.fixture
def client(moderator_mo):
    return client_of(moderator_mo)


def state_of(title):
    title.refresh_from_db()
    words = (title.categories.order_by("slug"), title.tags.order_by("slug"))
    return title.status, *([word.slug for word in held] for held in words)


def items_of(client, job):
    rows = client.get(f"/api/jobs/{job}/items").json()["results"]
    return {row["subject_id"]: (row["outcome"], row["code"], row["undone"]) for row in rows}


def test_status_genres_and_tags_are_changed_and_set_back(client, moderator_mo):
    drama, epic = (Category.objects.create(slug=slug) for slug in ("drama", "epic"))
    lake = Tag.objects.create(slug="lake")
    one, two, same = (make_title(name, kind="movie", status="ongoing") for name in "ABC")
    one.categories.add(epic)
    two.tags.add(lake)
    same.categories.add(drama)
    Title.objects.filter(pk=same.pk).update(status="completed")
    wish = {
        "status": "completed", "add_genres": ["drama"], "remove_genres": ["epic"],
        "remove_tags": ["lake"],
    }  # fmt: skip

    job = client.post(
        PATH, {"ids": [one.pk, two.pk, same.pk, 10**9, one.pk], "set": wish}, format="json"
    ).json()
    told = items_of(client, job["id"])
    changed = [state_of(title) for title in (one, two, same)]
    change_titles([two.pk], Wish(status="hiatus"), moderator=moderator_mo)
    undone = client.post(f"/api/jobs/{job['id']}/undo").json()

    assert job["outcome"] == {"done": 2, "skipped": 1, "failed": 1, "undone": 0}
    assert told[same.pk] == ("skipped", "unchanged", False)
    assert told[10**9] == ("failed", "not_found", False)
    assert changed == [("completed", ["drama"], [])] * 3
    assert undone["outcome"]["undone"] == 2
    assert state_of(one) == ("ongoing", ["epic"], [])
    assert state_of(two) == ("hiatus", [], ["lake"])
    assert state_of(same) == ("completed", ["drama"], [])


def test_deleted_titles_come_back_or_go_for_good(client, uploader_uli, reader_rina, moderator_mo):
    gone, held, changed = (make_title(name, kind="movie") for name in ("Gone", "Held", "Changed"))
    read, pending = make_title("Read"), make_title("Pending", moderation=Moderation.PENDING)
    make_upload_row(uploader=uploader_uli, series=read)
    keep(reader_rina, held)
    ids = [gone.pk, held.pk, changed.pk, read.pk, pending.pk]

    first = client.post(PATH, {"ids": ids, "delete": True}, format="json").json()
    listed = client_of(None).get("/api/titles").json()["results"]
    change_titles([changed.pk], Wish(status="hiatus"), moderator=moderator_mo)
    client.post(f"/api/jobs/{first['id']}/undo")
    told = items_of(client, first["id"])
    back = dict(Title.objects.values_list("pk", "moderation"))
    client.post(PATH, {"ids": ids, "delete": True}, format="json")
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.update(items_until=past, undo_until=past)
    delete_old_jobs()

    assert first["outcome"] == {"done": 4, "skipped": 0, "failed": 1, "undone": 0}
    assert [row["id"] for row in listed] == [read.pk]
    assert told[read.pk] == ("failed", "has_chapters", False)
    assert told[changed.pk] == ("done", "changed_meanwhile", False)
    assert told[gone.pk] == ("done", "", True)
    assert (back[gone.pk], back[pending.pk]) == (Moderation.APPROVED, Moderation.PENDING)
    assert dict(Title.objects.values_list("pk", "moderation")) == {
        held.pk: Moderation.UNLISTED, changed.pk: Moderation.UNLISTED,
        read.pk: Moderation.APPROVED,
    }  # fmt: skip
    assert not Job.objects.exists()


@pytest.mark.same_everywhere
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"ids": [1]}, "set"),
        ({"ids": [1], "delete": True, "set": {"status": "ongoing"}}, "set"),
        ({"ids": [], "delete": True}, "ids"),
        ({"ids": list(range(1, 1002)), "delete": True}, "ids"),
        ({"ids": [1], "set": {}}, "set.non_field_errors"),
        ({"ids": [1], "set": {"status": "odd"}}, "set.status"),
        ({"ids": [1], "set": {"add_tags": ["none"]}}, "add_tags"),
        ({"ids": [1], "set": {"add_tags": ["a"], "remove_tags": ["a"]}}, "set.remove_tags"),
    ],
)
def test_what_says_too_little_or_too_much_is_refused(client, sent, field):
    answer = client.post(PATH, sent, format="json")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not Job.objects.exists()
