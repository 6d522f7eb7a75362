"""Two devices of one user at the same moment, in threads, on real transactions."""

from functools import partial

import pytest

from accounts.models import User
from tests.at_once import run_at_once
from tests.cast import client_of, make_title
from tests.tracker.builders import assert_counted_right, keep
from tracker.models import LibraryItem

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_two_devices_do_at_once_both_counts(reader_rina: User):
    client, title = client_of(reader_rina), make_title()
    path = "/api/library/items"
    add = partial(client.post, path, {"title_id": title.pk}, format="json")
    name = partial(client.post, path, {"title": "Манас", "type": "novel"}, format="json")

    added = run_at_once(add, add, name, name)
    item = LibraryItem.objects.get(title=title)
    step = partial(client.post, f"{path}/{item.pk}/progress", {"by": 1}, format="json")
    stepped = run_at_once(step, step, step)

    assert sorted(answer.status_code for answer in added) == [200, 200, 201, 201]
    assert LibraryItem.objects.count() == 2
    assert sorted(answer.json()["progress"] for answer in stepped)[-1] == 3
    assert LibraryItem.objects.get(pk=item.pk).progress == 3
    assert_counted_right(reader_rina)


def test_an_edit_and_a_removal_at_once_leave_right_counters(reader_rina: User):
    client, item = client_of(reader_rina), keep(reader_rina, make_title())
    path = f"/api/library/items/{item.pk}"

    answers = run_at_once(
        partial(client.patch, path, {"status": "current"}, format="json"),
        partial(client.delete, path),
    )

    assert answers[1].status_code == 204
    assert answers[0].status_code in (200, 404)
    assert not LibraryItem.objects.exists()
    assert_counted_right(reader_rina)
