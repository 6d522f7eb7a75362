"""Moderators' decisions about titles, and the effects of an edit: address, index, log and lists.

A decision is an UPDATE under the condition that the title is still in the state that it was made
for. Titles that have chapters go through `reader.publication.series`, which calls these functions
and counts the chapters anew.
"""

import re
from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import READABLE_KINDS, Moderation
from catalog.cover_drafts import drop_draft
from catalog.covers import approve_draft, drop_cover
from catalog.models import OldSlug, Title
from catalog.people import drop_unused_people
from catalog.permissions import MODERATE
from catalog.screenshots import drop_screenshots
from catalog.search_index import reindex_title
from catalog.slugs import slug_base, unique_slug
from common.files.media import UNREFERENCED_KEEP
from common.http.errors import AlreadyDecided, Invalid
from common.http.shared_cache import invalidate_cached_views
from common.work.events import emit

_ATTEMPTS = 20


def approve_title(title: Title, *, moderator: User) -> None:
    """Make the title public, under an address made from its name; raises AlreadyDecided."""
    with acting(moderator, permission=MODERATE):
        from_state = _move(title, Moderation.APPROVED, moderator=moderator)
        fresh = Title.objects.get(pk=title.pk)
        if fresh.approved_at is None:
            Title.objects.filter(pk=title.pk).update(approved_at=timezone.now())
        if fresh.slug is None:
            _give_slug(fresh)
        reindex_title(title.pk)
        approve_draft(fresh)
        log_decision(
            fresh, action="approve_title", actor=moderator,
            from_state=from_state, to_state=Moderation.APPROVED,
        )  # fmt: skip
        invalidate_cached_views("titles")
    title.refresh_from_db()


def reject_title(title: Title, *, moderator: User, reason: str) -> None:
    """Reject the title with a reason: only its creator and moderators see it.

    Its pictures are dropped, as their public addresses would go on working for ever. Raises
    AlreadyDecided, and Invalid where the reason is empty.
    """
    reason = require_reason(reason)
    with acting(moderator, permission=MODERATE):
        _hide(title, Moderation.REJECTED, moderator=moderator, action="reject_title", reason=reason)
        _drop_pictures(title, older_by=UNREFERENCED_KEEP)


def unpublish_title(title: Title, *, moderator: User) -> None:
    """Take the title back to draft, so that it and its chapters leave all public lists.

    Raises AlreadyDecided.
    """
    with acting(moderator, permission=MODERATE):
        _hide(title, Moderation.DRAFT, moderator=moderator, action="unpublish_title")


def readdress_title(title: Title, *, moderator: User) -> str:
    """Make the address anew from the present name, and return the new slug; the old one redirects.

    Raises Invalid for a title without an address, and where the address fits the name already.
    """
    with acting(moderator, permission=MODERATE):
        fresh = Title.objects.select_for_update().get(pk=title.pk)
        base = slug_base(fresh.name)
        if fresh.slug is None:
            raise Invalid(_("The title gets its address when it is published."))
        if base and re.fullmatch(rf"{re.escape(base)}(-[0-9]+)?", fresh.slug):
            raise Invalid(_("The address is the name already."))
        old = fresh.slug
        new = _give_slug(fresh)
        OldSlug.objects.get_or_create(slug=old, defaults={"title": fresh})
        log_decision(fresh, action="readdress_title", actor=moderator, from_state=old, to_state=new)
        invalidate_cached_views("titles")
    title.refresh_from_db()
    return new


def record_title_edit(
    title: Title, *, editor: User, changed: Collection[str], is_new: bool = False
) -> None:
    """Update search, log and lists after the columns, names or credits of a title were saved.

    Call it inside the transaction that saved them; `changed` goes into the log.
    """
    if not changed and not is_new:
        return
    with acting(editor):
        reindex_title(title.pk)
        log_decision(
            _plain(title),
            action="create_title" if is_new else "edit_title",
            actor=editor,
            to_state=title.moderation if is_new else "",
            reason=", ".join(changed),
        )
        emit("title_changed", title_id=title.pk)
        invalidate_cached_views("titles")


def delete_title(title: Title, *, moderator: User) -> None:
    """Delete a title and its pictures.

    A title to watch that somebody holds becomes unlisted instead: it leaves every list, and stays
    theirs. Raises ProtectedError where the title has chapters.
    """
    with acting(moderator, permission=MODERATE):
        plain = _plain(title)
        log_decision(plain, action="delete_title", actor=moderator, from_state=plain.moderation)
        try:
            _delete(plain)
        except ProtectedError:
            if plain.kind in READABLE_KINDS:
                raise
            Title.objects.filter(pk=title.pk).update(moderation=Moderation.UNLISTED)
        invalidate_cached_views("titles")


def delete_unheld_title(title: Title, *, moderator: User) -> None:
    """Delete a title and its pictures, and the people whom only it names.

    Raises ProtectedError where somebody holds it, or it has chapters.
    """
    with acting(moderator, permission=MODERATE):
        plain = _plain(title)
        people = set(plain.people.values_list("pk", flat=True))
        log_decision(plain, action="delete_title", actor=moderator, from_state=plain.moderation)
        _delete(plain)
        drop_unused_people(people)
        invalidate_cached_views("titles")


def delete_for_good(title: Title) -> None:
    """Delete a title whose deletion can be undone no more, for the program itself.

    Raises ProtectedError where somebody holds it, or it has chapters by now.
    """
    with transaction.atomic():
        plain = _plain(title)
        people = set(plain.people.values_list("pk", flat=True))
        log_decision(plain, action="delete_title", actor=None, from_state=plain.moderation)
        _delete(plain)
        drop_unused_people(people)


def _delete(title: Title) -> None:
    with transaction.atomic():
        _drop_pictures(title)
        title.delete()


def _drop_pictures(title: Title, *, older_by: timedelta = timedelta(0)) -> None:
    drop_draft(title)
    drop_cover(title, older_by=older_by)
    drop_screenshots(title, older_by=older_by)


def _hide(
    title: Title, to_state: Moderation, *, moderator: User, action: str, reason: str = ""
) -> None:
    from_state = _move(title, to_state, moderator=moderator)
    log_decision(
        _plain(title), action=action, actor=moderator,
        from_state=from_state, to_state=to_state, reason=reason,
    )  # fmt: skip
    invalidate_cached_views("titles")
    title.refresh_from_db()


def _move(title: Title, to_state: Moderation, *, moderator: User) -> str:
    """Set the state and return the one before; raises AlreadyDecided where it is set already."""
    before = Title.objects.values_list("moderation", flat=True).get(pk=title.pk)
    moved = (
        Title.objects.filter(pk=title.pk, moderation=before)
        .exclude(moderation=to_state)
        .update(moderation=to_state)
    )
    if not moved:
        title.refresh_from_db()
        raise AlreadyDecided(
            _("“%(name)s” is “%(state)s” already.")
            % {"name": title.name, "state": title.get_moderation_display()}
        )
    return before


def _plain(title: Title) -> Title:
    # A proxy model would be logged under the proxy's name.
    return Title.objects.get(pk=title.pk)


def _give_slug(title: Title) -> str:
    for _attempt in range(_ATTEMPTS):
        slug = _free_slug(title)
        try:
            with transaction.atomic():
                Title.objects.filter(pk=title.pk).update(slug=slug)
        except IntegrityError:  # another request took it; the next one is free
            continue
        OldSlug.objects.filter(title=title, slug=slug).delete()
        return slug
    raise RuntimeError(f"no free slug for title {title.pk}")


def _free_slug(title: Title) -> str:
    """Return a slug that no title has and no other title had, so that old addresses still work."""
    name, number = title.name, 1
    while True:
        slug = unique_slug(Title, name, fallback=f"{title.kind}-{title.pk}")
        if not OldSlug.objects.filter(slug=slug).exclude(title=title).exists():
            return slug
        number += 1
        name = f"{title.name} {number}"
