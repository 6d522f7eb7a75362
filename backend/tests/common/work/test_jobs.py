"""Jobs: chunk by chunk, stopped, killed and resumed, and undone."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from accounts.jobs import stop_job_of, undo_job_of
from accounts.profile.account_deletion import delete_account
from common.http.errors import AlreadyDecided, Forbidden
from common.models import Job, JobItem, Pause
from common.work import jobs
from common.work.jobs import delete_old_jobs, job_kind, record_job, run_job, start_job
from common.work.leases import end_all_leases
from tests.at_once import run_at_once
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind():
    """A kind whose items add pauses of their names; 3 fails, 4 is skipped."""
    until = timezone.now() + timedelta(days=1)

    def add(job, items):
        for item in items:
            if item.subject_id == 3:
                item.outcome, item.code = JobItem.Outcome.FAILED, "no_such_thing"
            elif item.subject_id == 4:
                item.outcome, item.code = JobItem.Outcome.SKIPPED, "not_changed"
            else:
                Pause.objects.create(name=str(item.subject_id), until=until)
                item.before = {"name": None}

    def remove(job, items):
        for item in items:
            if not Pause.objects.filter(name=str(item.subject_id)).delete()[0]:
                item.code = "changed_since"

    with patch.dict(jobs.KINDS):
        yield job_kind(
            name="tests.pauses", label="Pauses", run_chunk=add, undo_chunk=remove, chunk=2
        )


@pytest.fixture
def job(kind, reader_rina):
    return start_job(
        kind, owner=reader_rina, items=[(pk, None) for pk in range(7)],
        undo_for=timedelta(days=30),
    )  # fmt: skip


def names():
    return sorted(int(name) for name in Pause.objects.values_list("name", flat=True))


def facts(job):
    job.refresh_from_db()
    return job.state, job.done, job.total, job.outcome


def test_a_job_is_done_with_an_answer_for_each_item_and_undone(job, reader_rina):
    run_job.run(job.pk)

    assert facts(job) == ("done", 7, 7, {"done": 5, "failed": 1, "skipped": 1})
    assert names() == [0, 1, 2, 5, 6]
    assert list(job.items.exclude(outcome="done").values_list("subject_id", "code")) == [
        (3, "no_such_thing"), (4, "not_changed"),
    ]  # fmt: skip

    Pause.objects.filter(name="2").delete()  # somebody else was here
    undo_job_of(job, user=reader_rina)

    assert facts(job)[0] == "done"
    assert job.outcome["undone"] == 4
    assert names() == []
    assert job.items.get(subject_id=2).code == "changed_since"
    with pytest.raises(AlreadyDecided):
        undo_job_of(job, user=reader_rina)


def test_a_worker_that_is_killed_is_followed_by_another_that_repeats_nothing(job, kind):
    add = kind.run_chunk

    def die(of, items):
        add(of, items)
        if items[0].subject_id == 4:
            raise SystemExit

    job_kind(**{**vars(kind), "run_chunk": die})
    with pytest.raises(SystemExit):
        run_job.run(job.pk)
    assert (facts(job)[:2], names()) == (("running", 4), [0, 1, 2])
    run_job.run(job.pk)
    assert facts(job)[:2] == ("running", 4), "the lease lasts"

    job_kind(**vars(kind))
    end_all_leases()
    run_job.run(job.pk)

    assert facts(job)[:2] == ("done", 7)
    assert names() == [0, 1, 2, 5, 6]


def test_what_fails_again_and_again_ends_as_failed_and_can_be_undone(job, kind, reader_rina):
    def fail(of, items):
        raise RuntimeError

    job_kind(**{**vars(kind), "run_chunk": fail})
    for _time in range(jobs._MOST_FAILURES + 1):
        run_job.work(job.pk)
        end_all_leases()

    assert facts(job)[0] == "failed"
    assert job.error_code == "job_failed"
    undo_job_of(job, user=reader_rina)
    assert facts(job)[0] == "done"


def test_a_stopped_job_keeps_what_it_did_and_that_can_be_undone(job, monkeypatch, reader_rina):
    monkeypatch.setattr(jobs, "_CHUNKS_A_TURN", 1)
    run_job.run(job.pk)
    with pytest.raises(AlreadyDecided):
        undo_job_of(job, user=reader_rina)

    stop_job_of(job, user=reader_rina)
    run_job.run(job.pk)

    assert facts(job) == ("stopped", 2, 7, {"done": 2})
    with pytest.raises(AlreadyDecided):
        stop_job_of(job, user=reader_rina)
    undo_job_of(job, user=reader_rina)
    assert names() == []


def test_a_job_that_waits_stops_at_once(job, reader_rina, outsider_otto):
    with pytest.raises(Forbidden):
        stop_job_of(job, user=outsider_otto)

    stop_job_of(job, user=reader_rina)

    assert facts(job)[:2] == ("stopped", 0)


def test_a_long_job_lets_shorter_ones_go_first(job, kind, reader_rina, monkeypatch):
    monkeypatch.setattr(jobs, "_CHUNKS_A_TURN", 1)
    run_job.run(job.pk)
    other = start_job(kind, owner=reader_rina, items=[(10, None)])

    assert list(run_job.due()) == [other.pk, job.pk]


@pytest.mark.django_db(transaction=True)
def test_undone_twice_at_once_it_is_undone_once(job, reader_rina):
    run_job.run(job.pk)

    outcomes = run_at_once(*[lambda: undo_job_of(Job.objects.get(pk=job.pk), user=reader_rina)] * 3)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "AlreadyDecided", "AlreadyDecided", "NoneType",
    ]  # fmt: skip
    assert (facts(job)[0], job.outcome["undone"], names()) == ("done", 5, [])


def test_items_go_when_it_is_too_late_and_records_stay(kind, reader_rina):
    is_record = job_kind(name="tests.record", label="", is_record=True)
    kept, _gone, recorded = (
        record_job(of, owner=reader_rina, items=[(1, {"a": 1})], undo_for=timedelta(days=days))
        for of, days in ((kind, 30), (kind, 1), (is_record, 1))
    )
    Job.objects.exclude(pk=kept.pk).update(items_until=timezone.now() - timedelta(days=1))

    delete_old_jobs()

    assert set(Job.objects.values_list("pk", flat=True)) == {kept.pk, recorded.pk}
    assert list(JobItem.objects.values_list("job", flat=True)) == [kept.pk]


def test_who_leaves_takes_their_jobs_along_but_not_the_records(kind, job, reader_rina):
    is_record = job_kind(name="tests.record", label="", is_record=True)
    recorded = record_job(is_record, owner=reader_rina, items=[], about=reader_rina)

    delete_account(reader_rina, password=PASSWORD)

    [left] = Job.objects.all()
    assert (left.pk, left.owner, left.about) == (recorded.pk, None, None)
