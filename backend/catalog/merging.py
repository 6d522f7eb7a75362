"""A moderator merges a title into another one, and can undo it for 30 days.

What each app moves is declared with the registry of `common.personal_data`. The merged title
becomes unlisted and its address leads to the other one; its row stays, with what could not be
moved, and whoever holds it sees it.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import READABLE_KINDS, Moderation
from catalog.models import OldSlug, Title
from catalog.permissions import MODERATE
from catalog.search_index import reindex_title
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from common.http.shared_cache import invalidate_cached_views
from common.models import Job
from common.personal_data import participants
from common.work.events import emit
from common.work.jobs import begin_undo, finish_undo, job_kind, record_job

UNDO_FOR = timedelta(days=30)
_OWN = "title"
_ATTEMPTS = 10
_USERS_AT_ONCE = 500


class _SomebodyCame(Exception):
    """Somebody took the title into their library before the titles were locked."""


def merge_titles(source: Title, into: Title, *, moderator: User) -> Job:
    """Move everything of `source` to `into`; the job that is returned undoes it.

    Raises Forbidden, Invalid for titles that cannot be one, and AlreadyDecided where one is merged
    already, or too many take it into their libraries at this moment.
    """
    if not moderator.has_perm(MODERATE):  # before many users are locked
        raise Forbidden(_("Only moderators may do this."))
    with transaction.atomic():
        users, first, second = _lock_all(source.pk, into.pk, moderator=moderator)
        with acting(moderator, permission=MODERATE):
            return _merge(first, second, users=users, moderator=moderator)


def _merge(first: Title, second: Title, *, users: list[int], moderator: User) -> Job:
    _refuse_unlike(first, second)
    own = {
        "id": first.pk, "into": second.pk, "slug": first.slug, "moderation": first.moderation,
        "users": users,
    }  # fmt: skip
    Title.objects.filter(pk=first.pk).update(slug=None, moderation=Moderation.UNLISTED)
    if first.slug is not None:
        OldSlug.objects.create(title=second, slug=first.slug)
    records = [
        (name, part.merge_titles(first.pk, second.pk))
        for name, part in participants().items()
        if part.merge_titles is not None
    ]
    job = record_job(
        MERGE,
        owner=moderator,
        items=[
            (first.pk, {"part": name, "record": record}) for name, record in [(_OWN, own), *records]
        ],
        parameters={"from": first.pk, "into": second.pk},
        undo_for=UNDO_FOR,
    )
    _settle(first, second, moderator=moderator, action="merge_title")
    return job


def undo_merge(job: Job, user: User) -> None:
    """Give back what was moved and is still with the other title. Raises AlreadyDecided."""
    records = {
        item.before["part"]: item.before["record"] for item in job.items.all() if item.before
    }
    own = records.pop(_OWN, {})
    with transaction.atomic():
        _lock_users({*own.get("users", ()), user.pk})
        with acting(user, permission=MODERATE):
            begin_undo(job, user=user)
            _unmerge(job, own, records, moderator=user)


def _unmerge(job: Job, own: dict[str, Any], records: dict[str, Any], *, moderator: User) -> None:
    first, second = _locked(own["id"], own["into"])
    if first.moderation != Moderation.UNLISTED or first.slug is not None:
        raise AlreadyDecided(_("The merged title has been changed since."))
    OldSlug.objects.filter(title__in=[first.pk, second.pk], slug=own["slug"]).delete()
    # Before the chapters are counted, which are public only with their title.
    Title.objects.filter(pk=first.pk).update(slug=own["slug"], moderation=own["moderation"])
    for name, record in reversed(records.items()):
        undo = participants()[name].unmerge_titles
        if undo is not None:
            undo(record)
    finish_undo(job, [first.pk])
    _settle(first, second, moderator=moderator, action="unmerge_title")


MERGE = job_kind(name="merge_titles", label=gettext_lazy("Titles merged"), undo=undo_merge)


def _lock_all(from_id: int, into_id: int, *, moderator: User) -> tuple[list[int], Title, Title]:
    """Lock the users whose rows move, then both titles; return the users' ids and the titles.

    Users come first, in the order of their ids, and the moderator among them: a user who edits
    holds their own row and then asks for the title, which a new row of theirs points at. The other
    way round each would wait for the other. Somebody may take the title into their library between
    the two locks. They are not waited for with the titles in hand: all locks are given back, and it
    begins anew. Once the titles are locked nobody can come, as their rows could not point at them.
    """
    for _attempt in range(_ATTEMPTS):
        users = _users_of(from_id, into_id)
        try:
            with transaction.atomic():  # its rollback releases the locks
                _lock_users({*users, moderator.pk})
                first, second = _locked(from_id, into_id)
                if not _users_of(from_id, into_id) <= users:
                    raise _SomebodyCame
                return sorted(users), first, second
        except _SomebodyCame:
            continue
    raise AlreadyDecided(_("It was changed meanwhile. Look at it again."))


def _users_of(from_id: int, into_id: int) -> set[int]:
    users: set[int] = set()
    for part in participants().values():
        if part.users_of_title is not None:
            users.update(part.users_of_title(from_id))
        if part.users_of_merge is not None:
            users.update(part.users_of_merge(from_id, into_id))
    return users


def _lock_users(user_ids: Collection[int]) -> None:
    """Lock users as `acting` does, in the order of their ids."""
    ids = sorted(user_ids)
    for start in range(0, len(ids), _USERS_AT_ONCE):
        rows = User.objects.filter(pk__in=ids[start : start + _USERS_AT_ONCE]).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def _locked(from_id: int, into_id: int) -> tuple[Title, Title]:
    for part in participants().values():
        if part.lock_titles is not None:
            part.lock_titles({from_id, into_id})
    held = Title.objects.select_for_update().filter(pk__in={from_id, into_id}).order_by("pk")
    by_id: dict[int, Any] = {title.pk: title for title in held}
    if from_id == into_id or len(by_id) < 2:
        raise Invalid(_("Choose two titles."))
    return by_id[from_id], by_id[into_id]


def _refuse_unlike(source: Title, into: Title) -> None:
    if (source.kind in READABLE_KINDS) != (into.kind in READABLE_KINDS):
        raise Invalid(_("What is read cannot be merged with what is watched."))
    if source.numbers_restart_per_volume != into.numbers_restart_per_volume:
        raise Invalid(_("The two titles number their chapters in different ways."))


def _settle(source: Title, into: Title, *, moderator: User, action: str) -> None:
    for title in (source, into):
        reindex_title(title.pk)
    log_decision(
        Title.objects.get(pk=source.pk), action=action, actor=moderator,
        reason=f"{source.name} → {into.name} ({into.pk})",
    )  # fmt: skip
    emit("title_merged", from_id=source.pk, into_id=into.pk)
    invalidate_cached_views("titles", "chapters", "popularity")
