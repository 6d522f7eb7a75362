"""A moderator's decisions about a title, and what follows an edit: address, index, log, lists.

A decision is a conditional UPDATE on the state it was made for. Titles that have chapters go
through `reader.publication.series`, which calls these and counts anew.
"""

import re
from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import Moderation, Status
from catalog.models import Cover, OldSlug, Title
from catalog.permissions import MODERATE
from catalog.search_index import reindex_title
from catalog.slugs import slug_base, unique_slug
from common.files.media import UNREFERENCED_KEEP, release_media
from common.http.errors import AlreadyDecided, Invalid
from common.http.shared_cache import invalidate_cached_views

_ATTEMPTS = 20


def approve_title(title: Title, *, moderator: User) -> None:
    """Show the title to everybody, under an address made from its name."""
    with acting(moderator, permission=MODERATE):
        from_state = _move(title, Moderation.APPROVED, moderator=moderator)
        fresh = Title.objects.get(pk=title.pk)
        if fresh.approved_at is None:
            Title.objects.filter(pk=title.pk).update(approved_at=timezone.now())
        if fresh.slug is None:
            _give_slug(fresh)
        reindex_title(title.pk)
        log_decision(
            fresh, action="approve_title", actor=moderator,
            from_state=from_state, to_state=Moderation.APPROVED,
        )  # fmt: skip
        invalidate_cached_views()
    title.refresh_from_db()


def reject_title(title: Title, *, moderator: User, reason: str) -> None:
    """Refuse the title with a reason; nobody but its maker and moderators sees it.

    Its cover goes with it: whoever kept the address would see it for ever.
    """
    reason = require_reason(reason)
    with acting(moderator, permission=MODERATE):
        _hide(title, Moderation.REJECTED, moderator=moderator, action="reject_title", reason=reason)
        drop_cover(title, older_by=UNREFERENCED_KEEP)


def unpublish_title(title: Title, *, moderator: User) -> None:
    """Take the title back to draft: it and its chapters are in no public list."""
    with acting(moderator, permission=MODERATE):
        _hide(title, Moderation.DRAFT, moderator=moderator, action="unpublish_title")


def change_status(title: Title, *, status: Status, moderator: User) -> bool:
    """Set ongoing, completed, ...; False where it is that already."""
    with acting(moderator, permission=MODERATE):
        before = Title.objects.values_list("status", flat=True).get(pk=title.pk)
        changed = (
            Title.objects.filter(pk=title.pk, status=before)
            .exclude(status=status)
            .update(status=status)
        )
        if changed:
            log_decision(
                _plain(title), action="change_status", actor=moderator,
                from_state=before, to_state=status,
            )  # fmt: skip
            invalidate_cached_views()
    return bool(changed)


def readdress_title(title: Title, *, moderator: User) -> str:
    """Make the address anew from today's name; the old one redirects. Returns the slug."""
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
        invalidate_cached_views()
    title.refresh_from_db()
    return new


def record_title_edit(
    title: Title, *, editor: User, changed: Collection[str], is_new: bool = False
) -> None:
    """After the columns, names or credits of a title were saved: find it by what it is now.

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
        invalidate_cached_views()


def delete_title(title: Title, *, moderator: User) -> None:
    """Delete a title and its cover; raises ProtectedError where it has chapters."""
    with acting(moderator, permission=MODERATE):
        plain = _plain(title)
        log_decision(plain, action="delete_title", actor=moderator, from_state=plain.moderation)
        drop_cover(plain)
        plain.delete()
        invalidate_cached_views()


def drop_cover(title: Title, *, older_by: timedelta = timedelta(0)) -> bool:
    """Leave the title without its cover, in the caller's transaction; False where it has none.

    Its files go with the next sweep of files that old, see `release_media`.
    """
    cover = Cover.objects.select_for_update().filter(title=title.pk).first()
    if cover is None:
        return False
    cover.delete()
    release_media(cover.file_ids, older_by=older_by)
    return True


def _hide(
    title: Title, to_state: Moderation, *, moderator: User, action: str, reason: str = ""
) -> None:
    from_state = _move(title, to_state, moderator=moderator)
    log_decision(
        _plain(title), action=action, actor=moderator,
        from_state=from_state, to_state=to_state, reason=reason,
    )  # fmt: skip
    invalidate_cached_views()
    title.refresh_from_db()


def _move(title: Title, to_state: Moderation, *, moderator: User) -> str:
    """Set the state unless it is that already; return the one before."""
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
    # A proxy would put its own name into the log.
    return Title.objects.get(pk=title.pk)


def _give_slug(title: Title) -> str:
    for _attempt in range(_ATTEMPTS):
        slug = _free_slug(title)
        try:
            with transaction.atomic():
                Title.objects.filter(pk=title.pk).update(slug=slug)
        except IntegrityError:  # somebody else took it; the next one is free
            continue
        OldSlug.objects.filter(title=title, slug=slug).delete()
        return slug
    raise RuntimeError(f"no free slug for title {title.pk}")


def _free_slug(title: Title) -> str:
    """Return a slug that no title has and none had: old addresses lead where they always led."""
    name, number = title.name, 1
    while True:
        slug = unique_slug(Title, name, fallback=f"{title.kind}-{title.pk}")
        if not OldSlug.objects.filter(slug=slug).exclude(title=title).exists():
            return slug
        number += 1
        name = f"{title.name} {number}"
