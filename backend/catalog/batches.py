"""Moderators change or delete up to 1,000 titles at once, and can undo it for 30 days.

Both are jobs that their request does. Titles that are deleted become unlisted at once, and are gone
for good when their job can be undone no more. What is changed on a title in between stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy

from accounts.audit import last_entries, log_decisions
from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import Moderation
from catalog.facts import find_words
from catalog.models import Category, Tag, Title
from catalog.moderation import delete_for_good
from catalog.permissions import MODERATE
from common.discovery import declared
from common.http.errors import AppError
from common.http.shared_cache import invalidate_cached_views
from common.models import Job, JobItem
from common.work.events import emit_all
from common.work.jobs import job_kind, record_job

# They are locked in one transaction, in which readers of the lists do not wait but other edits do.
MAX_TITLES = 1_000
UNDO_FOR = timedelta(days=30)
_WORDS: tuple[tuple[str, type[Category] | type[Tag], Any, str], ...] = (
    ("genres", Category, Title.categories.through, "category_id"),
    ("tags", Tag, Title.tags.through, "tag_id"),
)


@dataclass(frozen=True)
class Wish:
    """What each of the titles gets; words are slugs. An empty status stays."""

    status: str = ""
    add_genres: Sequence[str] = ()
    remove_genres: Sequence[str] = ()
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()


def change_titles(ids: Sequence[int], wish: Wish, *, moderator: User) -> Job:
    """Change titles; the job tells of each, and undoes it. Raises Invalid for an unknown word."""
    with acting(moderator, permission=MODERATE):
        titles = _locked(ids)
        before: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        for name, model, links, column in _WORDS:
            added = find_words(model, f"add_{name}", getattr(wish, f"add_{name}"))
            removed = find_words(model, f"remove_{name}", getattr(wish, f"remove_{name}"))
            pairs = _missing(links, column, titles, {word.pk for word in added})
            gone = _held(links, column, titles, {word.pk for word in removed})
            _link(links, column, pairs)
            _unlink(links, column, gone)
            for pk, word in pairs:
                before[pk].setdefault(f"added_{name}", []).append(word)
            for pk, word in gone:
                before[pk].setdefault(f"removed_{name}", []).append(word)
        if wish.status:
            for pk, title in titles.items():
                if title.status != wish.status:
                    before[pk]["status"] = [title.status, wish.status]
            Title.objects.filter(pk__in=titles).update(status=wish.status)
        changed = [titles[pk] for pk in titles if pk in before]
        _note(changed, moderator=moderator, asked=wish)
        return record_job(
            CHANGE,
            owner=moderator,
            items=[(title.pk, before[title.pk]) for title in changed],
            others=[
                *_missing_ids(ids, titles),
                *((pk, JobItem.Outcome.SKIPPED, "unchanged") for pk in titles if pk not in before),
            ],
            undo_for=UNDO_FOR,
        )


def delete_titles(ids: Sequence[int], *, moderator: User) -> Job:
    """Take titles out of every list; the job brings them back, or deletes them after 30 days.

    Titles with chapters stay, and say so: these are unpublished one by one.
    """
    with acting(moderator, permission=MODERATE):
        titles = _locked(ids)
        read = _with_chapters(titles)
        hidden = {
            pk for pk, title in titles.items() if title.moderation == Moderation.UNLISTED
        } - read
        gone = [title for pk, title in titles.items() if pk not in read | hidden]
        Title.objects.filter(pk__in=[title.pk for title in gone]).update(
            moderation=Moderation.UNLISTED
        )
        log_decisions(
            ((title, title.moderation, Moderation.UNLISTED) for title in gone),
            action="delete_title", actor=moderator,
        )  # fmt: skip
        entries = last_entries("title", (title.pk for title in gone))
        invalidate_cached_views("titles")
        return record_job(
            DELETE,
            owner=moderator,
            items=[
                (title.pk, {"moderation": title.moderation, "entry": entries[title.pk]})
                for title in gone
            ],
            others=[
                *_missing_ids(ids, titles),
                *((pk, JobItem.Outcome.FAILED, "has_chapters") for pk in sorted(read)),
                *((pk, JobItem.Outcome.SKIPPED, "unchanged") for pk in sorted(hidden)),
            ],
            undo_for=UNDO_FOR,
        )


def _undo_change(job: Job, items: Sequence[JobItem]) -> None:
    moderator = User.objects.get(pk=job.undone_by_id or 0)
    try:
        with acting(moderator, permission=MODERATE):
            _set_back(items, moderator=moderator)
    except AppError as error:
        _refuse(items, error.code)


def _set_back(items: Sequence[JobItem], *, moderator: User) -> None:
    """Set back what is still as the change left it."""
    titles = _locked([item.subject_id or 0 for item in items])
    befores: dict[int, dict[str, Any]] = {item.subject_id or 0: item.before or {} for item in items}
    restored: set[int] = set()
    for name, model, links, column in _WORDS:
        added = _pairs(befores, titles, f"added_{name}")
        removed = _pairs(befores, titles, f"removed_{name}")
        words = {word for _pk, word in added | removed}
        held = set(_held(links, column, titles, words))
        existing = set(model.objects.filter(pk__in=words).values_list("pk", flat=True))
        back = {pair for pair in removed - held if pair[1] in existing}
        _unlink(links, column, added & held)
        _link(links, column, back)
        restored |= {pk for pk, _word in (added & held) | back}
    for pk, title in titles.items():
        status = befores[pk].get("status")
        if status and title.status == status[1]:
            Title.objects.filter(pk=pk).update(status=status[0])
            restored.add(pk)
    for item in items:
        if item.subject_id not in titles:
            item.code = "not_found"
        elif item.subject_id not in restored:
            item.code = "changed_meanwhile"
    _note([titles[pk] for pk in sorted(restored)], moderator=moderator)


def _undo_deletion(job: Job, items: Sequence[JobItem]) -> None:
    moderator = User.objects.get(pk=job.undone_by_id or 0)
    try:
        with acting(moderator, permission=MODERATE):
            titles = _locked([item.subject_id or 0 for item in items])
            back = list(_untouched(items, titles))
            moderation = {item.subject_id: (item.before or {})["moderation"] for item in items}
            for state in sorted({moderation[title.pk] for title in back}):
                ids = [title.pk for title in back if moderation[title.pk] == state]
                Title.objects.filter(pk__in=ids).update(moderation=state)
            log_decisions(
                ((title, title.moderation, moderation[title.pk]) for title in back),
                action="restore_title", actor=moderator,
            )  # fmt: skip
            invalidate_cached_views("titles")
    except AppError as error:
        _refuse(items, error.code)


def _end_deletion(job: Job, items: Sequence[JobItem]) -> None:
    """Delete the titles for good; one that somebody holds stays unlisted."""
    titles = Title.objects.in_bulk([item.subject_id for item in items])
    for title in _untouched(items, titles):
        try:
            delete_for_good(title)
        except ProtectedError:
            continue


def _untouched(items: Sequence[JobItem], titles: dict[int, Title]) -> Iterator[Title]:
    """Yield the titles that are as the deletion left them; the others' items get a code."""
    last = last_entries("title", titles)
    for item in items:
        title = titles.get(item.subject_id or 0)
        if title is None:
            item.code = "not_found"
        elif (
            title.moderation != Moderation.UNLISTED
            or (item.before or {})["entry"] != last[title.pk]
        ):
            item.code = "changed_meanwhile"
        else:
            yield title


def _refuse(items: Sequence[JobItem], code: str) -> None:
    for item in items:
        item.code = code


def _locked(ids: Iterable[int]) -> dict[int, Title]:
    rows = Title.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    return {title.pk: title for title in rows}


def _missing_ids(ids: Iterable[int], titles: dict[int, Title]) -> list[tuple[int, str, str]]:
    return [
        (pk, JobItem.Outcome.FAILED, "not_found")
        for pk in dict.fromkeys(ids)
        if pk not in titles
    ]  # fmt: skip


def _with_chapters(titles: Iterable[int]) -> set[int]:
    condition = Q()
    for has_chapters in declared("titles", "HAS_CHAPTERS"):
        condition |= Q(has_chapters)
    found = Title.objects.filter(condition, pk__in=titles) if condition else Title.objects.none()
    return set(found.values_list("pk", flat=True))


def _pairs(
    befores: dict[int, dict[str, Any]], titles: Iterable[int], name: str
) -> set[tuple[int, int]]:
    return {(pk, word) for pk in titles for word in befores[pk].get(name, ())}


def _held(
    links: Any, column: str, titles: Iterable[int], words: Iterable[int]
) -> list[tuple[int, int]]:
    found = links.objects.filter(title__in=titles, **{f"{column}__in": sorted(words)})
    return sorted(found.values_list("title_id", column))


def _missing(
    links: Any, column: str, titles: Iterable[int], words: Iterable[int]
) -> list[tuple[int, int]]:
    held = set(_held(links, column, titles, words))
    return [(pk, word) for pk in titles for word in sorted(words) if (pk, word) not in held]


def _link(links: Any, column: str, pairs: Iterable[tuple[int, int]]) -> None:
    rows = (links(title_id=pk, **{column: word}) for pk, word in sorted(pairs))
    links.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def _unlink(links: Any, column: str, pairs: Iterable[tuple[int, int]]) -> None:
    by_word: defaultdict[int, list[int]] = defaultdict(list)
    for pk, word in pairs:
        by_word[word].append(pk)
    for word, ids in sorted(by_word.items()):
        links.objects.filter(title__in=ids, **{column: word}).delete()


def _note(titles: Sequence[Title], *, moderator: User, asked: Wish | None = None) -> None:
    names = [] if asked is None else [name for name, value in vars(asked).items() if value]
    log_decisions(
        ((title, "", "") for title in titles), action="edit_title", actor=moderator,
        reason=", ".join(names),
    )  # fmt: skip
    emit_all("title_changed", ({"title_id": title.pk} for title in titles))
    invalidate_cached_views("titles")


CHANGE = job_kind(
    name="change_titles", label=gettext_lazy("Change of many titles"), undo_chunk=_undo_change
)
DELETE = job_kind(
    name="delete_titles", label=gettext_lazy("Deletion of many titles"),
    undo_chunk=_undo_deletion, end_chunk=_end_deletion,
)  # fmt: skip
