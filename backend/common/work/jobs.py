"""Jobs: actions on many rows, done chunk by chunk, with progress, stopping and undoing.

A kind of job is registered by `job_kind`. `start_job` leaves the work to a worker (`run_job`);
`record_job` writes down what a request has done itself, so that it can be undone. What a chunk
changes and what came of its items are one transaction: a killed worker repeats and loses nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from common.http.errors import AlreadyDecided
from common.models import ACTIVE_JOBS, Job, JobItem, JobState
from common.work.background import background_task, scheduled_task
from common.work.leases import Lease, LeaseLost, claim, nobody_holds

log = structlog.get_logger(__name__)

QUEUE = "jobs"
# Of jobs that cannot be undone, the items are kept for so long.
ITEMS_KEEP = timedelta(days=30)
_CHUNK = 500
_CHUNKS_A_TURN = 20
_MOST_FAILURES = 5
# A job that waits for another server is looked at again after so long.
_REST = timedelta(seconds=20)
_DELETED_AT_ONCE = 1000
_JOBS_AT_ONCE = 20

# Works on items inside the transaction that saves them. It sets `outcome` and `code` of those that
# are not done, `before` of those that can be undone, and `subject_id` of those whose row it makes;
# or, where it undoes, `code` of those that cannot be undone any more. All others are done, or
# undone. What `before` has as "fields" is shown as what was wrong with which field.
Chunk = Callable[[Job, Sequence[JobItem]], None]
# An item to come: the id of its row, and its `before`.
NewItem = tuple[int | None, Any]
# An item that was not done: the id of its row, its outcome and its code.
NotDone = tuple[int | None, str, str]


class JobFailed(Exception):
    """A job cannot go on, and would not another time; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class JobKind:
    """What jobs of one kind do."""

    name: str
    label: StrOrPromise
    # None: the request does the work, and records it.
    run_chunk: Chunk | None = None
    # None: it cannot be undone, or `undo` does it.
    undo_chunk: Chunk | None = None
    # A story of its own that undoes all at once, as `(job, user)`; it asks whether the user may.
    undo: Callable[[Job, Any], None] | None = None
    # Does for good what could be undone until now; not called for a job that was undone.
    # It may be asked twice, and does what it does once.
    end_chunk: Chunk | None = None
    # Wakes workers for what follows from the rows, some at a time; True: there is more.
    follow_up: Callable[[Job], bool] | None = None
    # Tells, outside of any transaction, whether the next items can be worked on; where they cannot
    # yet, as they wait for another server, the job rests for a while and others go on. It is asked
    # without items, too, and may add some by `add_items`, or raise JobFailed.
    is_ready: Callable[[Job, Sequence[JobItem]], bool] | None = None
    chunk: int = _CHUNK
    # The job itself is kept for ever, and its owner's account is taken off it. Otherwise it goes
    # with its items, and with its owner.
    is_record: bool = False

    @property
    def can_undo(self) -> bool:
        """Return True where jobs of this kind can be undone."""
        return self.undo is not None or self.undo_chunk is not None


KINDS: dict[str, JobKind] = {}


def job_kind(**words: Any) -> JobKind:
    """Register a kind of job; the words are those of JobKind."""
    kind = KINDS[words["name"]] = JobKind(**words)
    return kind


def start_job(
    kind: JobKind,
    *,
    owner: AbstractBaseUser,
    items: Iterable[NewItem],
    parameters: dict[str, Any] | None = None,
    undo_for: timedelta | None = None,
    **columns: Any,
) -> Job:
    """Create a job in the caller's transaction; a worker runs it after the commit."""
    job = _create(kind, JobState.QUEUED, owner, parameters, undo_for, columns)
    count = _add_items(job, items, outcome="")
    Job.objects.filter(pk=job.pk).update(total=count)
    job.total = count
    run_job.enqueue(job.pk)
    return job


def record_job(
    kind: JobKind,
    *,
    owner: AbstractBaseUser,
    items: Iterable[NewItem],
    others: Iterable[NotDone] = (),
    parameters: dict[str, Any] | None = None,
    undo_for: timedelta | None = None,
    **columns: Any,
) -> Job:
    """Write down what the caller does in its transaction; `before` of the items tells what was.

    `others` are items that the caller has not done, and why.
    It is done at once, or runs until what follows has been seen to (`JobKind.follow_up`).
    """
    state = JobState.DONE if kind.follow_up is None else JobState.RUNNING
    job = _create(kind, state, owner, parameters, undo_for, columns)
    count = _add_items(job, items, outcome=JobItem.Outcome.DONE)
    left = [
        JobItem(job=job, position=position, subject_id=subject_id, outcome=outcome, code=code)
        for position, (subject_id, outcome, code) in enumerate(others, start=count)
    ]
    JobItem.objects.bulk_create(left, batch_size=_CHUNK)
    job.done = job.total = count + len(left)
    job.outcome = Counter({JobItem.Outcome.DONE: count}) + Counter(item.outcome for item in left)
    job.finished_at = job.created_at if kind.follow_up is None else None
    job.save(update_fields=["done", "total", "outcome", "finished_at"])
    if kind.follow_up is not None:
        run_job.enqueue(job.pk)
    return job


def _create(  # noqa: PLR0917 (called by the two above only)
    kind: JobKind,
    state: JobState,
    owner: AbstractBaseUser,
    parameters: dict[str, Any] | None,
    undo_for: timedelta | None,
    columns: dict[str, Any],
) -> Job:
    created_at: datetime = columns.pop("created_at", None) or timezone.now()
    return Job.objects.create(
        kind=kind.name, state=state, owner_id=owner.pk, parameters=parameters or {},
        created_at=created_at, undo_until=None if undo_for is None else created_at + undo_for,
        items_until=created_at + (undo_for or ITEMS_KEEP), **columns,
    )  # fmt: skip


def _add_items(job: Job, items: Iterable[NewItem], *, outcome: str) -> int:
    rows = [
        JobItem(job=job, position=position, subject_id=subject_id, before=before, outcome=outcome)
        for position, (subject_id, before) in enumerate(items)
    ]
    JobItem.objects.bulk_create(rows, batch_size=_CHUNK)
    return len(rows)


def add_items(job: Job, befores: Sequence[Any], **parameters: Any) -> bool:
    """Add items behind the others, and set parameters, for a job that `is_ready` was asked about.

    Both are one step, which a killed worker has done or not. Returns False where the job is to
    stop. Raises LeaseLost.
    """
    with transaction.atomic():
        rows = Job.objects.filter(pk=job.pk, lease_token=job.lease_token)
        held = rows.select_for_update(no_key=True).first()
        if held is None or job.lease_token is None:
            raise LeaseLost(job.pk)
        items = [
            JobItem(job=held, position=position, before=before)
            for position, before in enumerate(befores, start=held.total)
        ]
        JobItem.objects.bulk_create(items, batch_size=_CHUNK)
        job.total = held.total + len(items)
        job.parameters = {**held.parameters, **parameters}
        until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
        rows.update(total=job.total, parameters=job.parameters, lease_until=until, failures=0)
    return not held.stop_asked


def can_undo(job: Job) -> bool:
    """Return True where the job can be undone now."""
    kind = KINDS.get(job.kind)
    if kind is None or not kind.can_undo or not job.can_be_undone:
        return False
    # What follows a job that its request has done need not have been seen to.
    return kind.run_chunk is None or job.state not in ACTIVE_JOBS


def stop_job(job: Job) -> None:
    """Ask a job to stop: what is done stays, what waits is not done. Raises AlreadyDecided."""
    rows = Job.objects.filter(pk=job.pk, undone_at__isnull=True)
    stopped = rows.filter(nobody_holds(), state=JobState.QUEUED).update(
        state=JobState.STOPPED, stop_asked=True, finished_at=timezone.now()
    )
    if not stopped and not rows.filter(state__in=ACTIVE_JOBS).update(stop_asked=True):
        raise AlreadyDecided(_("It has ended already."))


def begin_undo(job: Job, *, user: AbstractBaseUser) -> None:
    """Claim the undoing of an ended job; the rest is up to `run_job`, or to the kind's own story.

    Call it in the transaction of the action. Raises AlreadyDecided where it is too late, is being
    undone, or still runs.
    """
    now = timezone.now()
    undone = Job.objects.filter(pk=job.pk, undone_at__isnull=True, undo_until__gt=now)
    if KINDS[job.kind].run_chunk is not None:
        undone = undone.exclude(state__in=ACTIVE_JOBS)
    if not undone.update(
        undone_at=now, undone_by=user, state=JobState.RUNNING, finished_at=None, failures=0,
        error_code="", lease_token=None, lease_until=None,
    ):  # fmt: skip
        raise AlreadyDecided(_("This has been undone already, or its time is over."))


def finish_undo(job: Job, restored: Iterable[int]) -> None:
    """Write down that a kind's own story has undone the items of these rows, after `begin_undo`."""
    ids = sorted(restored)
    for start in range(0, len(ids), _CHUNK):
        job.items.filter(subject_id__in=ids[start : start + _CHUNK]).update(undone=True)
    Job.objects.filter(pk=job.pk).update(outcome={**job.outcome, "undone": len(ids)})
    run_job.enqueue(job.pk)


def _jobs_to_run() -> Iterable[int]:
    due = Job.objects.filter(nobody_holds(), state__in=["queued", "running"])
    # The one with the least done first, so that a long job does not hold up a short one.
    return due.order_by("done", "created_at").values_list("pk", flat=True)[:_JOBS_AT_ONCE]


@background_task(due=_jobs_to_run, queue=QUEUE, every_seconds=15, in_turn=True)
def run_job(pk: int) -> None:
    """Run or undo some chunks of a job, and queue it behind the others if there is more."""
    lease = claim(
        Job.objects.filter(state__in=ACTIVE_JOBS), pk,
        state=JobState.RUNNING, failures=F("failures") + 1,
    )  # fmt: skip
    if lease is None:
        return
    for _chunk in range(_CHUNKS_A_TURN):
        if not _advance(lease):
            return
    lease.release()
    run_job.enqueue(pk)


def _advance(lease: Lease[Job]) -> bool:
    """Do the next chunk; return False where this turn is over or the job has ended."""
    job = lease.rows().first()
    if job is None:
        raise LeaseLost(lease.pk)
    kind = KINDS.get(job.kind)
    if kind is None or job.failures > _MOST_FAILURES:
        log.error("job.failed", job_id=job.pk, kind=job.kind)
        _end(lease, JobState.FAILED, error_code="job_failed")
        return False
    if job.undone_at is None and job.stop_asked:
        _end(lease, JobState.STOPPED)
        return False
    try:
        if not _is_ready(job, kind):
            lease.rows().update(failures=0, lease_until=timezone.now() + _REST)
            return False
        if _do_chunk(lease, job, kind):
            return True
    except JobFailed as failed:
        log.info("job.cannot_go_on", job_id=job.pk, kind=job.kind, code=failed.code)
        _end(lease, JobState.FAILED, error_code=failed.code)
        return False
    if kind.follow_up is not None and kind.follow_up(job):
        lease.rows().update(failures=0)
        lease.release()
        run_job.enqueue(job.pk)
        return False
    _end(lease, JobState.DONE)
    return False


def _is_ready(job: Job, kind: JobKind) -> bool:
    """Return False where the job is to rest: its lease then ends by itself."""
    if kind.is_ready is None or job.undone_at is not None:
        return True
    return kind.is_ready(job, _next_items(job, kind))


def _next_items(job: Job, kind: JobKind) -> list[JobItem]:
    waiting = JobItem.objects.filter(job=job, outcome="", position__gte=job.done)
    return list(waiting.order_by("position")[: kind.chunk])


def _do_chunk(lease: Lease[Job], job: Job, kind: JobKind) -> bool:
    """Run or undo the next items, and save what came of them; return False if there are none."""
    is_undo = job.undone_at is not None
    work = kind.undo_chunk if is_undo else kind.run_chunk
    if work is None:
        return False
    with transaction.atomic():
        if is_undo:
            done = JobItem.objects.filter(job=job, outcome="done", code="", undone=False)
            items = list(done.order_by("-position")[: kind.chunk])
        else:
            items = _next_items(job, kind)
        if not items:
            return False
        work(job, items)
        changes = _note_undone(job, items) if is_undo else _note_done(job, items)
        JobItem.objects.bulk_create(
            items, update_conflicts=True, unique_fields=["job", "position"],
            update_fields=["subject_id", "outcome", "code", "before", "undone"],
        )  # fmt: skip
        until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
        if not lease.rows().update(lease_until=until, failures=0, **changes):
            raise LeaseLost(job.pk)
    return True


def _note_done(job: Job, items: Sequence[JobItem]) -> dict[str, Any]:
    for item in items:
        item.outcome = item.outcome or JobItem.Outcome.DONE
    counts = Counter(job.outcome) + Counter(item.outcome for item in items)
    return {"done": F("done") + len(items), "outcome": dict(counts)}


def _note_undone(job: Job, items: Sequence[JobItem]) -> dict[str, Any]:
    for item in items:
        item.undone = not item.code
    counts = Counter(job.outcome) + Counter(undone=sum(item.undone for item in items))
    return {"outcome": dict(counts)}


def _end(lease: Lease[Job], state: JobState, *, error_code: str = "") -> None:
    lease.rows().update(
        state=state, error_code=error_code, finished_at=timezone.now(), failures=0, attempts=0,
        lease_token=None, lease_until=None,
    )  # fmt: skip


@scheduled_task(every_seconds=6 * 3600, queue=QUEUE)
def delete_old_jobs() -> None:
    """Delete the items of jobs that cannot be undone any more, and the jobs that are no records."""
    old = Job.objects.filter(items_until__lt=timezone.now()).exclude(state__in=ACTIVE_JOBS)
    while found := list(old.order_by("items_until").values_list("pk", "kind")[:_JOBS_AT_ONCE]):
        for pk, kind in found:
            _end_for_good(pk, kind)
            delete_items(pk)
            if kind in KINDS and KINDS[kind].is_record:
                Job.objects.filter(pk=pk).update(items_until=None)
            else:
                Job.objects.filter(pk=pk).delete()


def _end_for_good(job_id: int, kind: str) -> None:
    work = KINDS[kind].end_chunk if kind in KINDS else None
    job = Job.objects.filter(pk=job_id).first()
    if work is None or job is None or job.undone_at is not None:
        return
    done = job.items.filter(outcome=JobItem.Outcome.DONE, undone=False).order_by("position")
    position = -1
    while items := list(done.filter(position__gt=position)[: KINDS[kind].chunk]):
        work(job, items)
        position = items[-1].position


def delete_items(job_id: int) -> None:
    """Delete the items of a job, some at a time."""
    items = JobItem.objects.filter(job=job_id)
    while ids := list(items.values_list("pk", flat=True)[:_DELETED_AT_ONCE]):
        JobItem.objects.filter(pk__in=ids).delete()
