"""Lists that users put together, in their own order; public ones have an address to share."""

import secrets
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title, TitleQuerySet
from catalog.slugs import slug_base
from common.http.errors import NotFound
from tracker.library.tags import TooMany
from tracker.models import LibraryList, LibraryListEntry

MAX_LISTS = 200
MAX_ENTRIES = 2_000
_ATTEMPTS = 20
_MAX_SLUG = 100


def make_list(user: User, *, name: str, **columns: Any) -> LibraryList:
    """Make a list, with an address made from its name; raises TooMany, and as `acting`."""
    with acting(user):
        if LibraryList.objects.filter(user=user).count() >= MAX_LISTS:
            raise TooMany(_("A library has at most %(count)d lists.") % {"count": MAX_LISTS})
        for _attempt in range(_ATTEMPTS):
            slug = f"{slug_base(name)[:_MAX_SLUG] or 'list'}-{secrets.token_hex(4)}"
            try:
                with transaction.atomic():
                    return LibraryList.objects.create(user=user, name=name, slug=slug, **columns)
            except IntegrityError:  # another list has these letters; the next ones are free
                continue
    raise RuntimeError(f"no free slug for the list {name!r}")


def edit_list(user: User, pk: int, **columns: Any) -> LibraryList:
    """Change what is given; the address stays. Raises NotFound, and as `acting`."""
    with acting(user):
        found = _own_list(user, pk)
        for column, value in columns.items():
            setattr(found, column, value)
        found.updated_at = timezone.now()
        found.save(update_fields=[*columns, "updated_at"])
    return found


def delete_list(user: User, pk: int) -> None:
    """Delete a list; its titles stay in the library. Raises NotFound, and as `acting`."""
    with acting(user):
        _own_list(user, pk).delete()


def put_entry(user: User, pk: int, *, title_id: int, position: int | None = None) -> LibraryList:
    """Put a title into a list, or move it there; without a position it stays or comes last.

    Positions count from 1. Raises NotFound and TooMany, and as `acting`.
    """
    with acting(user):
        found = _own_list(user, pk)
        if not Title.objects.all().visible_to(user).filter(pk=title_id).exists():
            raise NotFound(_("There is no such title."))
        entry = found.entries.filter(title=title_id).first()
        if entry is None:
            add_entries(found, [title_id])
            entry = found.entries.get(title=title_id)
        if position is not None:
            _move(found, entry, position)
        _touch(found)
    return found


def add_entries(found: LibraryList, title_ids: Collection[int]) -> list[int]:
    """Add the titles that the list lacks behind the last one, inside `acting`; return their ids.

    Raises TooMany.
    """
    held = set(found.entries.filter(title__in=title_ids).values_list("title_id", flat=True))
    new = [pk for pk in title_ids if pk not in held]
    if found.entry_count + len(new) > MAX_ENTRIES:
        raise TooMany(_("A list has at most %(count)d titles.") % {"count": MAX_ENTRIES})
    last = found.entries.aggregate(last=Max("position"))["last"] or 0
    LibraryListEntry.objects.bulk_create(
        LibraryListEntry(list=found, title_id=pk, position=last + place)
        for place, pk in enumerate(new, start=1)
    )
    _touch(found)
    return new


def remove_entries(found: LibraryList, title_ids: Collection[int]) -> None:
    """Take titles out of a list, inside `acting`; the others move up."""
    found.entries.filter(title__in=title_ids).delete()
    _renumber(found, list(found.entries.order_by("position", "pk")))
    _touch(found)


def remove_entry(user: User, pk: int, *, title_id: int) -> None:
    """Take a title out of a list; raises NotFound, and as `acting`."""
    with acting(user):
        found = _own_list(user, pk)
        if not found.entries.filter(title=title_id).exists():
            raise NotFound(_("There is no such title."))
        remove_entries(found, [title_id])


def _move(found: LibraryList, entry: LibraryListEntry, position: int) -> None:
    others = list(found.entries.exclude(pk=entry.pk).order_by("position", "pk"))
    others.insert(position - 1, entry)
    _renumber(found, others)


def _renumber(found: LibraryList, entries: list[LibraryListEntry]) -> None:
    moved = []
    for place, entry in enumerate(entries, start=1):
        if entry.position != place:
            entry.position = place
            moved.append(entry)
    LibraryListEntry.objects.bulk_update(moved, ["position"], batch_size=500)


def _touch(found: LibraryList) -> None:
    found.entry_count = found.entries.count()
    found.updated_at = timezone.now()
    found.save(update_fields=["entry_count", "updated_at"])


def _own_list(user: User, pk: int) -> LibraryList:
    found = LibraryList.objects.filter(user=user, pk=pk).select_related("user").first()
    if found is None:
        raise NotFound(_("There is no such list."))
    return found


def find_list(user: User, pk: int) -> LibraryList:
    """Return a list of the user's; raises NotFound."""
    return _own_list(user, pk)


def find_public_list(slug: str) -> LibraryList:
    """Return the public list of an address; raises NotFound, also where its owner is banned."""
    found = LibraryList.objects.filter(slug=slug, is_public=True).select_related("user").first()
    if found is None or not found.user.is_active or found.user.is_banned:
        raise NotFound(_("There is no such list."))
    return found


def titles_of(found: LibraryList, *, viewer: User | None) -> TitleQuerySet:
    """Return the titles of a list in its order, those that the viewer may see.

    For anybody but the owner a list has public titles only.
    """
    titles = Title.objects.filter(library_entries__list=found)
    seen = titles.public() if viewer is None else titles.visible_to(viewer)
    return seen.order_by("library_entries__position", "library_entries__pk")
