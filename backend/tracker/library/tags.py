"""The words that users sort their own libraries by."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from accounts.auth.authority import acting
from accounts.models import User
from common.compiled_rows import CompiledQuery, Placeholder, compile_rows
from common.http.errors import AppError, NotFound
from common.names import FoldedField
from tracker.models import LibraryItem, LibraryTag

_ITEMS = Placeholder("items")
_ITEMS_AT_ONCE = 1_000
MAX_TAGS = 500
MAX_ITEM_TAGS = 30


class TooMany(AppError):
    """A library holds no more of these, or a request asks for too much at once."""

    code = "too_many"
    status = 409


def tags_named(user_id: int, names: Iterable[str]) -> list[LibraryTag]:
    """Return the user's tags of these names in their order, each once; new ones are made.

    Spellings that fold alike are one tag, called as it was first. Call it inside `acting`.
    """
    wanted = {FoldedField.make(name): " ".join(name.split()) for name in reversed(list(names))}
    wanted = dict(reversed(wanted.items()))
    known = {
        tag.name_folded: tag
        for tag in LibraryTag.objects.filter(user=user_id, name_folded__in=wanted)
    }
    new = [
        LibraryTag(user_id=user_id, name=name)
        for folded, name in wanted.items()
        if folded not in known
    ]
    if new and LibraryTag.objects.filter(user=user_id).count() + len(new) > MAX_TAGS:
        raise TooMany(_("A library has at most %(count)d tags.") % {"count": MAX_TAGS})
    for tag in LibraryTag.objects.bulk_create(new):
        known[tag.name_folded] = tag
    return [known[folded] for folded in wanted]


def tags_of(item_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the names of the tags by item, sorted by name; a query for each thousand items."""
    found: dict[int, list[str]] = {}
    for start in range(0, len(item_ids), _ITEMS_AT_ONCE):
        some = item_ids[start : start + _ITEMS_AT_ONCE]
        for item_id, name in _links(len(some)).rows({_ITEMS: some}):
            found.setdefault(item_id, []).append(name)
    return found


@lru_cache(maxsize=128)
def _links(count: int) -> CompiledQuery:
    links = LibraryItem.tags.through.objects.filter(libraryitem__in=_ITEMS.times(count))
    columns = ("libraryitem_id", "librarytag__name")
    return compile_rows(links.order_by("librarytag__name_folded"), columns)


def retag(item: LibraryItem, names: Sequence[str]) -> None:
    """Give an item exactly these tags; call it inside `acting`."""
    item.tags.set(tags_named(item.user_id, names))


def tag_counts(user_id: int) -> list[dict[str, object]]:
    """Return the user's tags by name, each with how many items have it."""
    found: Any = LibraryTag.objects.filter(user=user_id).annotate(count=Count("items"))
    return list(found.order_by("name_folded").values("id", "name", "count"))


def make_tag(user: User, *, name: str) -> LibraryTag:
    """Make a tag, or return the one that is called so; raises TooMany."""
    with acting(user):
        return tags_named(user.pk, [name])[0]


def rename_tag(user: User, pk: int, *, name: str) -> LibraryTag:
    """Call a tag otherwise; raises NotFound, and NameTaken where another one is called so."""
    with acting(user):
        tag = _own_tag(user, pk)
        others = LibraryTag.objects.filter(user=user, name_folded=FoldedField.make(name))
        if others.exclude(pk=pk).exists():
            raise AppError(_("Another tag is called so."), code="name_taken", status=409)
        tag.name = " ".join(name.split())
        tag.save(update_fields=["name", "name_folded"])
    return tag


def delete_tag(user: User, pk: int) -> None:
    """Take a tag off all items, and delete it; raises NotFound."""
    with acting(user):
        _own_tag(user, pk).delete()


def _own_tag(user: User, pk: int) -> LibraryTag:
    tag = LibraryTag.objects.filter(user=user, pk=pk).first()
    if tag is None:
        raise NotFound(_("There is no such tag."))
    return tag
