"""/api/jobs: one's own jobs, their items, stopping and undoing them."""

from datetime import timedelta

import pytest

from common.work.jobs import job_kind, record_job, run_job, start_job
from tests.cast import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind():
    from unittest.mock import patch

    from common.work import jobs

    def work(job, items):
        for item in items:
            if item.subject_id % 2:
                item.outcome, item.code = "failed", "no_such_thing"

    with patch.dict(jobs.KINDS):
        yield job_kind(name="tests.api", label="Tests", run_chunk=work, undo_chunk=lambda *_: None)


def test_one_sees_ones_own_jobs_and_how_far_they_are(kind, reader_rina, outsider_otto):
    job = start_job(kind, owner=reader_rina, items=((pk, None) for pk in range(5)),
                    undo_for=timedelta(days=30))  # fmt: skip
    start_job(kind, owner=outsider_otto, items=[])
    client = client_of(reader_rina)

    waiting = client.get("/api/jobs").json()["results"]
    run_job.run(job.pk)
    done = client.get(f"/api/jobs/{job.pk}").json()

    assert [(row["id"], row["state"], row["can_stop"], row["can_undo"]) for row in waiting] == [
        (job.pk, "queued", True, False)
    ]
    assert done.pop("finished_at") is not None
    assert done.pop("undo_until") > done.pop("created_at")
    assert done == {
        "id": job.pk, "kind": "tests.api", "state": "done", "done": 5, "total": 5,
        "outcome": {"done": 3, "skipped": 0, "failed": 2, "undone": 0}, "error_code": "",
        "undone_at": None, "can_undo": True, "can_stop": False, "codes": {"no_such_thing": 2},
    }  # fmt: skip


def test_items_are_listed_in_their_order_by_outcome_and_page(kind, reader_rina):
    job = start_job(kind, owner=reader_rina, items=((pk, None) for pk in range(9)))
    run_job.run(job.pk)
    client = client_of(reader_rina)

    first = client.get(f"/api/jobs/{job.pk}/items?outcome=failed&page_size=3").json()
    second = client.get(first["next"]).json()

    assert [row["subject_id"] for row in first["results"] + second["results"]] == [1, 3, 5, 7]
    assert first["results"][0].pop("id")
    assert first["results"][0] == {
        "position": 1, "subject_id": 1, "outcome": "failed", "code": "no_such_thing",
        "fields": None, "undone": False,
    }  # fmt: skip
    by_code = client.get(f"/api/jobs/{job.pk}/items?code=no_such_thing").json()["results"]
    assert [row["subject_id"] for row in by_code] == [1, 3, 5, 7]
    for query in ("outcome=odd", "cursor=cD14", "page_size=0"):
        assert client.get(f"/api/jobs/{job.pk}/items?{query}").json()["code"] == "invalid", query


def test_stopping_and_undoing(kind, reader_rina, outsider_otto):
    waiting = start_job(kind, owner=reader_rina, items=[(2, None)])
    done = record_job(kind, owner=reader_rina, items=[(2, None)], undo_for=timedelta(days=1))
    client = client_of(reader_rina)

    stopped = client.post(f"/api/jobs/{waiting.pk}/stop")
    undone = client.post(f"/api/jobs/{done.pk}/undo").json()

    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    assert (undone["state"], undone["outcome"]["undone"], undone["can_undo"]) == ("done", 1, False)
    assert undone["undone_at"] is not None
    for job, verb in ((waiting, "stop"), (waiting, "undo"), (done, "undo"), (done, "stop")):
        again = client.post(f"/api/jobs/{job.pk}/{verb}")
        assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    assert client_of(outsider_otto).post(f"/api/jobs/{done.pk}/undo").status_code == 404
