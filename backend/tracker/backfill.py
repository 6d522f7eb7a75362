"""Gives titles of libraries what a source knows of them: how long they are, and their ids.

A job goes through titles that lack one of the two. It asks as background work, so that people go
first, and rests while it waits for answers. A title is matched by its id at the source, else by
name, kind and year; what could be several is left to a human, with its candidates. What somebody
has named for their own library moves to the title that all share, which can be undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import Kind, Moderation
from catalog.models import Title
from catalog.moderation import delete_for_good
from catalog.permissions import MODERATE
from common.http.errors import AppError
from common.models import Job, JobItem
from common.work.jobs import job_kind, start_job
from sources.answers.asking import Asked, ask
from sources.contract import FoundTitle
from sources.models import SourceTitle
from sources.titles.details import titles_in, usable_source
from sources.titles.facts import ID_SITES
from sources.titles.linking import link_title, put_source_title
from sources.titles.matching import Finding, finding_of, is_same_kind, titles_at
from tracker.merged_items import merge_items, unmerge_items, users_of_title
from tracker.models import LibraryItem

UNDO_FOR = timedelta(days=30)
MAX_TITLES = 10_000
# So many questions of a job wait at once, at most.
_CHUNK = 10
_SHOWN_CANDIDATES = 10
# What a dry run says instead of doing it.
_WOULD_FILL, _WOULD_MOVE = "would_fill", "would_move"
# Done, and not undone with the job: what was filled was empty.
_FILLED = "filled"
_NO_MATCH, _AMBIGUOUS, _NOT_FOUND = "no_match", "ambiguous", "not_found"
_ID_TAKEN = "id_taken"  # another title has it: a moderator may merge the two


@dataclass(slots=True)
class _Verdict:
    """What a source says of a title: one finding, or why there is none; or it is waited for."""

    is_waiting: bool = False
    found: FoundTitle | None = None
    outcome: str = JobItem.Outcome.SKIPPED
    code: str = _NO_MATCH
    candidates: list[str] = field(default_factory=list)


def start_backfill(
    moderator: User, *, source: str, is_dry_run: bool, after: int = 0, limit: int = MAX_TITLES
) -> Job:
    """Start the job for titles with ids above `after`, at most `limit` of them.

    Raises Forbidden, NotFound for a source that is none and SourceFailed for one that is off.
    """
    usable_source(source)
    with acting(moderator, permission=MODERATE):
        ids = lacking_titles(source).filter(pk__gt=after).order_by("pk")
        return start_job(
            BACKFILL,
            owner=moderator,
            items=((pk, None) for pk in ids.values_list("pk", flat=True)[:limit]),
            parameters={"source": source, "dry_run": is_dry_run},
            undo_for=None if is_dry_run else UNDO_FOR,
        )


def lacking_titles(source: str) -> QuerySet[Title]:
    """Return the titles in libraries whose end, or whose id at the source, is not known."""
    at_source = SourceTitle.objects.filter(title=OuterRef("pk"), source=source)
    has_no_id = ~Q(Exists(at_source))
    if source in ID_SITES:
        has_no_id &= Q(**{f"{source}_id": None})
    has_no_end = Q(kind=Kind.MOVIE, duration_minutes=None) | (~Q(kind=Kind.MOVIE) & Q(length=None))
    held = LibraryItem.objects.filter(title=OuterRef("pk"))
    return Title.objects.filter(has_no_id | has_no_end, Exists(held))


def _are_answered(job: Job, items: Sequence[JobItem]) -> bool:
    """Ask the source about all titles of a chunk; return True once nothing is waited for."""
    titles = Title.objects.in_bulk([item.subject_id for item in items])
    verdicts = [_judge(title, job.parameters["source"]) for title in titles.values()]
    return not any(verdict.is_waiting for verdict in verdicts)


def _fill_chunk(job: Job, items: Sequence[JobItem]) -> None:
    owner = User.objects.get(pk=job.owner_id or 0)  # a job goes with its owner
    titles = Title.objects.in_bulk([item.subject_id for item in items])
    for item in items:
        title = titles.get(item.subject_id or 0)
        if title is None:
            item.outcome, item.code = JobItem.Outcome.SKIPPED, _NOT_FOUND
            continue
        verdict = _judge(title, job.parameters["source"])
        if verdict.found is None:
            item.outcome, item.code = verdict.outcome, verdict.code
            if verdict.candidates:
                item.before = {"fields": {"candidates": verdict.candidates}}
        elif taken := _taken(title, verdict.found, source=job.parameters["source"]):
            item.outcome, item.code = JobItem.Outcome.SKIPPED, _ID_TAKEN
            item.before = {"fields": {"candidates": taken}}
        elif job.parameters["dry_run"]:
            item.code = _WOULD_MOVE if _is_private(title) else _WOULD_FILL
            item.before = {"fields": {"candidates": [_line(verdict.found)]}}
        else:
            _give(item, title, verdict.found, source=job.parameters["source"], moderator=owner)


def _give(item: JobItem, title: Title, found: FoundTitle, *, source: str, moderator: User) -> None:
    """Fill a title, or move the items of a private one, and note it in the item of the job."""
    try:
        if not _is_private(title):
            with acting(moderator, permission=MODERATE):
                link_title(title, source, found, editor=moderator, anew=True)
            item.code = _FILLED
            return
        _lock_users({*users_of_title(title.pk), moderator.pk})
        with acting(moderator, permission=MODERATE):
            shared, _is_new = put_source_title(source, found, user=moderator)
            item.before = {"record": merge_items(title.pk, shared.pk), "into": shared.pk}
    except AppError as error:
        item.outcome, item.code = JobItem.Outcome.FAILED, error.code


def _take_back_chunk(job: Job, items: Sequence[JobItem]) -> None:
    for item in items:
        record = (item.before or {}).get("record")
        if record is None or not Title.objects.filter(pk=record["into"]).exists():
            item.code = _NOT_FOUND
            continue
        _lock_users({*users_of_title(record["from"]), *users_of_title(record["into"])})
        unmerge_items(record)


def _end_chunk(job: Job, items: Sequence[JobItem]) -> None:
    """Delete the private titles that nobody keeps any more, once nothing can be undone."""
    moved = [item.subject_id or 0 for item in items if (item.before or {}).get("record")]
    private = Title.objects.filter(pk__in=moved, moderation=Moderation.UNLISTED)
    for title in private.exclude(created_by=None):
        if not users_of_title(title.pk):
            delete_for_good(title)


BACKFILL = job_kind(
    name="backfill_titles", label=gettext_lazy("Titles of libraries filled from a source"),
    run_chunk=_fill_chunk, undo_chunk=_take_back_chunk, end_chunk=_end_chunk,
    is_ready=_are_answered, chunk=_CHUNK,
)  # fmt: skip


# --- Matching -----------------------------------------------------------------------------------


def _judge(title: Title, source: str) -> _Verdict:
    """Return what a source says of a title; asks it what is not known yet."""
    external_id = _id_at(title, source)
    if external_id is None:
        asked = ask(source, "search", {"query": title.name, "kind": title.kind}, urgent=False)
        if asked.state == "waiting":
            return _Verdict(is_waiting=True)
        if asked.value is None:
            return _failure(asked)
        findings = [finding_of(source, one) for one in titles_in(asked.value)]
        alike = _alike(title, findings)
        if len(alike) != 1:
            return _Verdict(
                code=_AMBIGUOUS if alike else _NO_MATCH,
                candidates=[_line(one.found) for one in alike[:_SHOWN_CANDIDATES]],
            )
        external_id = alike[0].found.id
    details = ask(source, "details", {"id": external_id}, urgent=False)
    if details.state == "waiting":
        return _Verdict(is_waiting=True)
    if not isinstance(details.value, FoundTitle):
        return _failure(details)
    return _Verdict(found=details.value)


def _alike(title: Title, findings: Sequence[Finding]) -> list[Finding]:
    """Return those that are called as the title, of its kind; of its year where both are known."""
    own = finding_of("", FoundTitle(
        id="", kind=Kind(title.kind), name=title.name, original_name=title.original_name,
    ))  # fmt: skip
    called = [
        one
        for one in findings
        if is_same_kind(one.found.kind, title.kind) and not one.names.isdisjoint(own.names)
    ]
    if title.year is None:
        return called
    exact = [one for one in called if one.found.year == title.year]
    return exact or [one for one in called if one.found.year is None]


def _id_at(title: Title, source: str) -> str | None:
    link = SourceTitle.objects.filter(title=title, source=source).order_by("pk").first()
    if link is not None:
        return link.external_id
    value = getattr(title, f"{source}_id", None) if source in ID_SITES else None
    return None if value is None else str(value)


def _failure(asked: Asked) -> _Verdict:
    code = asked.error["code"] if asked.error else _NOT_FOUND
    return _Verdict(outcome=JobItem.Outcome.FAILED, code=code)


def _taken(title: Title, found: FoundTitle, *, source: str) -> list[str]:
    """Return the other titles of which the finding is one already, unless it moves there."""
    if _is_private(title):
        return []
    others = Title.objects.filter(pk__in=titles_at(source, found.id)).exclude(pk=title.pk)
    return [f"{pk}: {name}" for pk, name in others.order_by("pk").values_list("pk", "name")]


def _line(found: FoundTitle) -> str:
    """Return a candidate in one line, for the human who chooses."""
    return f"{found.id}: {found.name} ({found.kind}, {found.year or '?'}) {found.site_url}".strip()


def _is_private(title: Title) -> bool:
    """Return True for what somebody has named for their own library."""
    is_unlisted = title.moderation == Moderation.UNLISTED and title.created_by_id is not None
    return is_unlisted and not any(getattr(title, f"{site}_id") for site in ID_SITES)


def _lock_users(user_ids: set[int]) -> None:
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    list(rows.values_list("pk", flat=True))
