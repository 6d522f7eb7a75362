"""Imports somebody's whole list at AniList, as a job that can be tried first and undone.

Before it works on anything, the job reads the list, chunk by chunk and outside of transactions,
into its own items, an entry once. So a killed worker goes on where it was, and what is shown as
the total is the total. While AniList does not answer, the job rests.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title
from common.http.errors import AlreadyDecided, AppError
from common.models import ACTIVE_JOBS, Job, JobItem
from common.work.jobs import JobFailed, add_items, job_kind, start_job
from sources.answers.values import plain_title, title_of
from sources.contract import SourceFailed
from sources.plugins.anilist import AniList
from sources.titles.matching import titles_at
from tracker.anilist.client import ListType, TokenRefused, lists_of
from tracker.anilist.connecting import NotConnected, lose_token, refuse_off
from tracker.anilist.status import IMPORT
from tracker.anilist.taking import Policy, Taken, take_entry, title_of_entry, try_entry
from tracker.anilist.values import RemoteEntry, entry_of, plain_entry
from tracker.choices import AniListState, Origin
from tracker.library.history import ITEM, plain
from tracker.library.items import TAGS, drop_item, fields_of, from_plain, snapshot, take_fields
from tracker.models import AniListAccount, AniListEntry, LibraryItem

UNDO_FOR = timedelta(days=30)
TYPES: tuple[ListType, ...] = ("ANIME", "MANGA")
# An entry costs some dozens of statements, and a lease has to outlast those of a chunk.
_CHUNK = 25


def start_import(
    user: User, *, policy: Policy, types: Sequence[ListType] = TYPES, is_dry_run: bool
) -> Job:
    """Start the import of somebody's list; a dry run is a job too, as it has to ask AniList.

    Raises AniListOff, NotConnected, AlreadyDecided where one is running, and as `acting`.
    """
    with acting(user):
        refuse_off()
        account = AniListAccount.objects.filter(user=user).first()
        if account is None or account.state != AniListState.CONNECTED:
            raise NotConnected
        if Job.objects.filter(owner=user, kind=IMPORT, state__in=ACTIVE_JOBS).exists():
            raise AlreadyDecided(_("Your list is being imported already."))
        return start_job(
            KIND,
            owner=user,
            items=(),
            parameters={
                "dry_run": is_dry_run, "policy": policy, "types": list(types),
                "left": [[kind, 1] for kind in TYPES if kind in types],
            },
            undo_for=None if is_dry_run else UNDO_FOR,
        )  # fmt: skip


# --- Reading the list ---------------------------------------------------------------------------


def _is_read(job: Job, _items: Sequence[JobItem]) -> bool:
    """Read what is left of the list into items; return False where that has to wait."""
    while left := job.parameters["left"]:
        kind, chunk = left[0]
        account = _account_of(job)
        try:
            found = lists_of(account, urgent=True).get_list_chunk(_id_of(account), kind, chunk)
        except TokenRefused as error:
            lose_token(account)
            raise JobFailed(error.code) from error
        except SourceFailed:
            return False
        after = [[kind, chunk + 1]] if found.has_next else []
        known = _known_media(job, [entry.media_id for entry in found.entries])
        befores = [_as_item(entry) for entry in found.entries if entry.media_id not in known]
        if not add_items(job, befores, left=[*after, *left[1:]]):
            return False
    return True


def _account_of(job: Job) -> AniListAccount:
    account = AniListAccount.objects.filter(user=job.owner_id, state=AniListState.CONNECTED).first()
    if account is None:
        raise JobFailed(NotConnected.code)
    return account


def _id_of(account: AniListAccount) -> int:
    if account.anilist_id is None:
        raise JobFailed(NotConnected.code)
    return account.anilist_id


def _known_media(job: Job, media_ids: Sequence[int]) -> set[int]:
    """Return which entries another chunk had already, as custom lists repeat them."""
    rows = JobItem.objects.filter(job=job, before__entry__media_id__in=media_ids)
    return set(rows.values_list("before__entry__media_id", flat=True))


def _as_item(entry: RemoteEntry) -> dict[str, Any]:
    title = None if entry.title is None else plain_title(entry.title)
    return {"entry": plain_entry(entry), "found": title}


def _entry(item: JobItem) -> RemoteEntry:
    said = item.before or {}
    title = None if said["found"] is None else title_of(said["found"])
    return entry_of(said["entry"], title)


# --- Taking it ----------------------------------------------------------------------------------


def _import_chunk(job: Job, items: Sequence[JobItem]) -> None:
    account = _account_of(job)
    user = User.objects.get(pk=account.pk)
    policy: Policy = job.parameters["policy"]
    try:
        with acting(user):
            for item in items:
                if job.parameters["dry_run"]:
                    _try(item, account, policy=policy)
                else:
                    _take(item, account, user=user, policy=policy)
    except AppError as error:  # they may do nothing any more
        raise JobFailed(error.code) from error


def _try(item: JobItem, account: AniListAccount, *, policy: Policy) -> None:
    entry = _entry(item)
    name = "" if entry.title is None else entry.title.name
    if entry.title is None:
        item.outcome, item.code, item.before = JobItem.Outcome.FAILED, "no_title", None
        return
    link = AniListEntry.objects.filter(account=account, media_id=entry.media_id)
    ids = [*link.values_list("title", flat=True)]
    ids = ids or sorted(titles_at(AniList.name, str(entry.media_id)))
    own = LibraryItem.objects.filter(user=account.pk, title__in=ids)
    title = Title.objects.filter(pk__in=own.values("title")).order_by("pk").first()
    taken = try_entry(account, entry, title, policy=policy)
    if taken.code in ("unchanged", "kept"):
        item.outcome = JobItem.Outcome.SKIPPED
    item.code, item.subject_id = taken.code, taken.item_id
    item.before = {"fields": _shown(name, taken)}


def _take(item: JobItem, account: AniListAccount, *, user: User, policy: Policy) -> None:
    entry = _entry(item)
    name = "" if entry.title is None else entry.title.name
    try:
        with transaction.atomic():
            title = title_of_entry(account, entry, user=user)
            taken = take_entry(
                account, entry, title, user=user, policy=policy, origin=Origin.IMPORT
            )
    except AppError as error:
        item.outcome, item.code = JobItem.Outcome.FAILED, error.code
        item.before = {"fields": {"title": [name or str(entry.media_id)]}}
        return
    if not taken.changes:
        item.outcome, item.code = JobItem.Outcome.SKIPPED, taken.code
    item.subject_id = taken.item_id
    item.before = {
        "fields": _shown(name, taken), "title": taken.title_id, "changes": taken.changes,
    }  # fmt: skip


def _shown(name: str, taken: Taken) -> dict[str, list[str]]:
    """Return what is shown of a row: its title, and each field with both values."""
    fields = {"title": [name]}
    for field, (before, after) in taken.changes.items():
        if field == ITEM:
            fields |= {key: [_text(after[key])] for key in ("status", "progress", "score")}
        else:
            fields[field] = [f"{_text(before)} → {_text(after)}"]
    return fields


def _text(value: Any) -> str:
    return "–" if value is None else str(value)[:100]


def _is_over(job: Job) -> bool:
    """Let the list be read again by and by, now that it is known; called when all is done."""
    if not job.parameters["dry_run"] and job.undone_at is None:
        rows = AniListAccount.objects.filter(pk=job.owner_id or 0, pulled_at=None)
        rows.update(pulled_at=timezone.now())
    return False


# --- Undoing ------------------------------------------------------------------------------------


def _undo_chunk(job: Job, items: Sequence[JobItem]) -> None:
    user = User.objects.select_for_update(no_key=True).get(pk=job.owner_id or 0)
    for item in items:
        said = item.before or {}
        own = LibraryItem.objects.filter(user=user, title=said.get("title"))
        row = own.select_related("title").first()
        if row is None:
            item.code = "not_found"
        else:
            item.code = _take_back(user, row, said["changes"])


def _take_back(user: User, row: LibraryItem, changes: dict[str, list[Any]]) -> str:
    """Set an item back to what it was, field by field; what was changed since then stays."""
    if ITEM in changes:
        if snapshot(row) != changes[ITEM][1]:
            return "changed_meanwhile"
        # They have not taken it out of their list there, and it is not taken out with this.
        drop_item(row, origin=Origin.UNDO)
        links = AniListEntry.objects.filter(account=user.pk, title=row.title_id)
        links.update(waiting_since=None, is_deleted_here=False)
        return ""
    now = {**fields_of(row), TAGS: []}
    old = {name: was for name, (was, then) in changes.items() if plain(now[name]) == then}
    if not old:
        return "changed_meanwhile"
    take_fields(user, row.title, from_plain(old), origin=Origin.UNDO, changed_at=None)
    return ""


KIND = job_kind(
    name=IMPORT, label=gettext_lazy("Import of a list at AniList"), run_chunk=_import_chunk,
    undo_chunk=_undo_chunk, is_ready=_is_read, follow_up=_is_over, chunk=_CHUNK,
)  # fmt: skip
