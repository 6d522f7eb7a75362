"""Moderators enter up to 10,000 titles at once, from rows.

A dry run tells at once what would become of each row. An import is a job: a worker checks and
enters the rows chunk by chunk, each for itself. It can be undone for 30 days, except for titles
that were changed since, or that somebody has taken into a library.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import ProtectedError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import last_entries
from accounts.auth.authority import acting, confirm_authority
from accounts.models import User
from catalog.choices import Kind
from catalog.editing import create_title
from catalog.models import OldSlug, Title
from catalog.moderation import delete_unheld_title
from catalog.permissions import MODERATE
from catalog.row_checks import CheckedRow, check_rows
from common.http.errors import AppError, Forbidden
from common.models import Job, JobItem
from common.personal_data import participants
from common.work.jobs import job_kind, start_job

UNDO_FOR = timedelta(days=30)
# A row costs some dozens of statements, and a lease has to outlast those of a chunk.
_CHUNK = 25


def import_titles(rows: Sequence[Any], *, kind: str, moderator: User) -> Job:
    """Start the import of rows; `kind` is the kind of those that name none."""
    with acting(moderator, permission=MODERATE):
        return start_job(
            IMPORT,
            owner=moderator,
            items=((None, {"row": row}) for row in rows),
            # Messages, and texts without a language, are in that of the request.
            parameters={"kind": kind, "language": translation.get_language() or "en"},
            undo_for=UNDO_FOR,
        )


def try_import(rows: Sequence[Any], *, kind: str, moderator: User) -> list[CheckedRow]:
    """Return what an import of the rows would do, and change nothing."""
    confirm_authority(moderator)
    if not moderator.has_perm(MODERATE):
        raise Forbidden(_("Only moderators may do this."))
    return check_rows(rows, kind=kind)


def _import_chunk(job: Job, items: Sequence[JobItem]) -> None:
    moderator = User.objects.get(pk=job.owner_id or 0)  # a job goes with its owner
    sent = [item.before["row"] if item.before else None for item in items]
    with translation.override(job.parameters["language"]):
        for item, row in zip(items, check_rows(sent, kind=job.parameters["kind"]), strict=True):
            if row.outcome == JobItem.Outcome.DONE:
                _enter(row, moderator=moderator)
            item.outcome, item.code, item.subject_id = row.outcome, row.code, row.title_id
            item.before = {"fields": row.fields} if row.fields else None
    made = [item for item in items if item.outcome == JobItem.Outcome.DONE]
    last = last_entries("title", [item.subject_id for item in made])
    for item in made:
        item.before = {"entry": last[item.subject_id or 0]}


def _enter(row: CheckedRow, *, moderator: User) -> None:
    facts = {name: value for name, value in row.facts.items() if name != "is_another"}
    try:
        row.title_id = create_title(Kind(row.kind), facts, moderator=moderator).pk
    except AppError as error:
        row.fail(error)


def _undo_chunk(job: Job, items: Sequence[JobItem]) -> None:
    moderator = User.objects.get(pk=job.undone_by_id or 0)
    titles = Title.objects.in_bulk([item.subject_id for item in items])
    last = last_entries("title", titles)
    readdressed = set(OldSlug.objects.filter(title__in=titles).values_list("title_id", flat=True))
    for item in items:
        title = titles.get(item.subject_id or 0)
        if title is None:
            item.code = "not_found"
        elif title.pk in readdressed or item.before != {"entry": last[title.pk]}:
            item.code = "changed_meanwhile"
        else:
            item.code = _take_back(title, moderator=moderator)


def _take_back(title: Title, *, moderator: User) -> str:
    """Delete a title, or return the code that says why it stays."""
    holders = [part.users_of_title for part in participants().values() if part.users_of_title]
    if any(users_of(title.pk) for users_of in holders):
        return "in_use"
    try:
        delete_unheld_title(title, moderator=moderator)
    except ProtectedError:
        return "in_use"
    except AppError as error:
        return error.code
    return ""


IMPORT = job_kind(
    name="import_titles", label=gettext_lazy("Import of titles"), run_chunk=_import_chunk,
    undo_chunk=_undo_chunk, chunk=_CHUNK,
)  # fmt: skip
