"""Takes what sources know of a title now, field by field: what was edited here stays.

A field is taken where it still is what the source said the last time. Where it was never asked, or
another source tells more, only what is empty is filled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.auth.authority import acting, confirm_authority
from accounts.models import User
from catalog.facts import change_title
from catalog.models import Title
from catalog.moderation import record_title_edit
from catalog.permissions import MODERATE
from common.http.errors import AppError, Forbidden
from common.names import fold_text
from sources.answers.asking import Asked, wait_for
from sources.contract import Can, FoundTitle
from sources.models import SourceTitle
from sources.registry import enabled_sources
from sources.titles.covers import ask_for_cover
from sources.titles.details import WAIT_SECONDS, ask_details, found_in
from sources.titles.facts import ID_SITES, facts_of, ids_of, present_facts, words_of
from sources.titles.matching import titles_at

# An answer that is not older is what the source knows now.
_FRESH = timedelta(minutes=10)
_IDS = "external_ids"


class NoSource(AppError):
    """No source that is switched on knows the title."""

    code = "no_source"
    status = 409


@dataclass
class Refreshed:
    """What a refresh has changed: [before, after] by field, and the fields that were kept."""

    changes: dict[str, list[Any]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    errors: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    is_cover_asked: bool = False
    is_pending: bool = False
    refreshed_at: datetime | None = None


def refresh_title(title: Title, *, user: User) -> Refreshed:
    """Ask the sources of a title, and take what they have changed; wait five seconds at most.

    Moderators and who holds the title may. Raises Forbidden, NoSource, SourceFailed where no source
    answers, and as `acting`.
    """
    confirm_authority(user)
    refuse_refreshing(title, user)
    wanted = sources_of(title)
    if not wanted:
        raise NoSource(_("No source knows this title."))
    asked = wait_for(ask_details(wanted, max_age=_FRESH), WAIT_SECONDS)
    if any(one.state == "waiting" for one in asked):
        return Refreshed(is_pending=True)
    done = Refreshed(refreshed_at=timezone.now())
    answered = [
        (source, external_id, one.value)
        for (source, external_id), one in zip(wanted, asked, strict=True)
        if isinstance(one.value, FoundTitle)
    ]
    done.errors = {one.source: _error(one) for one in asked if one.error is not None}
    if not answered:
        found_in(asked[0])  # raises what the first has failed with
    with acting(user):
        locked = Title.objects.select_for_update().get(pk=title.pk)
        refuse_refreshing(locked, user)
        for source, external_id, found in answered:
            link = _link(locked, source, external_id)
            if link is not None:
                _add(done, take_facts(locked, link, found, editor=user))
    return done


def refuse_refreshing(title: Title, user: User) -> None:
    """Raise Forbidden where the user neither holds the title nor is a moderator."""
    if not user.has_perm(MODERATE) and not Title.objects.filter(pk=title.pk).held_by(user).exists():
        raise Forbidden(_("Take the title into your library first."))


def sources_of(title: Title) -> list[tuple[str, str]]:
    """Return the sources that can be asked about a title and its ids there, the main one first."""
    links = title.source_titles.order_by("pk").values_list("source", "external_id")
    ids = ((site, getattr(title, f"{site}_id")) for site in ID_SITES)
    known = dict.fromkeys(links)
    held = {source for source, _external_id in known}
    for site, value in ids:
        if value is not None and site not in held:
            known[site, str(value)] = None
    able = {name for name, source in enabled_sources().items() if Can.DETAILS in source.can}
    return [(source, external_id) for source, external_id in known if source in able]


def take_facts(title: Title, link: SourceTitle, found: FoundTitle, *, editor: User) -> Refreshed:
    """Write what a source says of a title that is locked, inside `acting(editor)`."""
    before = present_facts(title)
    said = {
        name: value
        for name, value in {**facts_of(found), **words_of(found)}.items()
        if not _is_empty(value)
    }
    is_main = not title.source_titles.filter(pk__lt=link.pk).exists()
    different = {
        name: value for name, value in said.items() if not _is_same(name, before[name], value)
    }
    taken = {
        name: value
        for name, value in different.items()
        if _may_take(before[name], link.facts.get(name), is_main=is_main)
    }
    changed = change_title(title, taken)
    after = present_facts(title)
    done = Refreshed(
        changes={
            name: [before[name], after[name]] for name in taken if before[name] != after[name]
        },
        kept=sorted(different.keys() - taken.keys()) if is_main else [],
    )
    _give_ids(title, link, found, done)
    if is_main or not hasattr(title, "cover"):
        done.is_cover_asked = ask_for_cover(title, found.cover_url, source=link.source)
    if is_main:
        link.facts |= {**said, **{name: after[name] for name in said if name not in done.kept}}
    link.site_url = said.get("site_url", link.site_url)
    link.refreshed_at = timezone.now()
    link.save(update_fields=["facts", "site_url", "refreshed_at"])
    has_ids = [_IDS] if _IDS in done.changes else []
    record_title_edit(title, editor=editor, changed=[*changed, *has_ids])
    return done


def free_ids(found: FoundTitle, *, source: str, title_id: int = 0) -> dict[str, Any]:
    """Return the columns for those ids of a title that no other title than `title_id` has."""
    return {
        f"{site}_id": value
        for site, value in ids_of(found, source=source).items()
        if not {*titles_at(site, str(value), kind=found.kind)} - {title_id}
    }


def _give_ids(title: Title, link: SourceTitle, found: FoundTitle, done: Refreshed) -> None:
    """Fill the ids at other sites that the title lacks and no other title has."""
    free = free_ids(found, source=link.source, title_id=title.pk)
    given = {column: value for column, value in free.items() if getattr(title, column) is None}
    if not given:
        return
    before = _ids(title)
    try:
        with transaction.atomic():
            Title.objects.filter(pk=title.pk).update(**given)
    except IntegrityError:  # another title took one of them at this moment, and keeps it
        return
    for column, value in given.items():
        setattr(title, column, value)
    done.changes[_IDS] = [before, _ids(title)]


def _ids(title: Title) -> dict[str, str]:
    ids = {site: getattr(title, f"{site}_id") for site in ID_SITES}
    return {site: str(value) for site, value in ids.items() if value is not None}


def _may_take(now: Any, last: Any, *, is_main: bool) -> bool:
    """Return True where nobody here has changed the field since the source was asked."""
    if last is None or not is_main:
        return _is_empty(now)
    return bool(now == last)


def _is_empty(value: Any) -> bool:
    return value in (None, "", [], {})


def _is_same(name: str, one: Any, other: Any) -> bool:
    if name == "credits":
        return _plain_credits(one) == _plain_credits(other)
    return bool(one == other)


def _plain_credits(given: list[dict[str, str]]) -> list[tuple[str, str]]:
    # A person who is here already may be spelled in another way.
    return [(fold_text(one["person"]), one["role"]) for one in given]


def _link(title: Title, source: str, external_id: str) -> SourceTitle | None:
    """Return the row of the title at a source; None where another title has come to have it."""
    link, _is_new = SourceTitle.objects.get_or_create(
        source=source, external_id=external_id, defaults={"title": title}
    )
    return link if link.title_id == title.pk else None


def _add(done: Refreshed, more: Refreshed) -> None:
    for name, (before, after) in more.changes.items():
        done.changes[name] = [done.changes.get(name, [before])[0], after]
    done.kept += [name for name in more.kept if name not in done.kept]
    done.is_cover_asked |= more.is_cover_asked


def _error(asked: Asked) -> Mapping[str, Any]:
    return {**(asked.error or {}), "until": asked.until}
