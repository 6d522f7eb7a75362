"""Users stop and undo jobs: their own, and those of others with the permission for it.

What a job does is up to its kind, see `common.work.jobs`.
"""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.auth.authority import acting
from accounts.models import User
from common.http.errors import AlreadyDecided, Forbidden
from common.models import Job
from common.work.jobs import KINDS, begin_undo, run_job, stop_job

STOP_ANY = "common.stop_job"


def visible_jobs(user: User) -> QuerySet[Job]:
    """Return the user's own jobs; all of them for those who may stop any."""
    jobs = Job.objects.all()
    return jobs if user.has_perm(STOP_ANY) else jobs.filter(owner=user.pk)


def stop_job_of(job: Job, *, user: User) -> None:
    """Stop a job; what is done by then stays, and can be undone. Raises AlreadyDecided."""
    with acting(user):
        _refuse_foreign(job, user)
        stop_job(job)
        run_job.enqueue(job.pk)
    job.refresh_from_db()


def undo_job_of(job: Job, *, user: User) -> None:
    """Undo what a job has done, except what has changed since. Raises AlreadyDecided.

    Most jobs are undone when this returns; a worker goes on with long ones.
    """
    kind = KINDS.get(job.kind)
    if kind is None or not kind.can_undo:
        raise AlreadyDecided(_("This cannot be undone."))
    if kind.undo is not None:
        kind.undo(job, user)
        job.refresh_from_db()
        return
    with acting(user):
        _refuse_foreign(job, user)
        begin_undo(job, user=user)
    # Not left to a worker, as the user looks on; each chunk has a transaction of its own.
    run_job.work(job.pk)
    job.refresh_from_db()


def _refuse_foreign(job: Job, user: User) -> None:
    if job.owner_id != user.pk and not user.has_perm(STOP_ANY):
        raise Forbidden(_("This is somebody else's."))
