"""Finds the titles that somebody is about to enter a second time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from catalog.folding import name_forms
from catalog.models import Title, TitleQuerySet
from catalog.search import find_called
from common.http.errors import AppError
from common.names import fold_text

_AT_ONCE = 500


class TitleExists(AppError):
    """A title of this kind, name and year is here already; `existing` says which."""

    code = "title_exists"
    status = 409

    def __init__(self, existing: Sequence[Title]) -> None:
        super().__init__(
            _("“%(name)s” is here already. If yours is another one, say so.")
            % {"name": existing[0].name},
            extra={"existing": [shown_title(title) for title in existing]},
        )


def shown_title(title: Title) -> dict[str, Any]:
    """Return what tells one title from another in an answer."""
    return {
        "id": title.pk,
        "slug": title.path_slug,
        "kind": title.kind,
        "name": title.name,
        "year": title.year,
    }


def find_known_titles(facts: Mapping[str, Any], *, kind: str, viewer: User) -> list[Title]:
    """Return the titles of the kind that the viewer sees and that are called alike.

    Each name of a title counts; the year has to be the same where both have one.
    """
    return find_all_known([(kind, facts)], among=Title.objects.all().visible_to(viewer))[0]


def find_all_known(
    wanted: Sequence[tuple[str, Mapping[str, Any]]], *, among: TitleQuerySet
) -> list[list[Title]]:
    """Return for each kind and facts the titles of `among` that are called alike."""
    ids_of = _ids_by_name([facts["name"] for _kind, facts in wanted])
    ids = sorted({pk for found in ids_of.values() for pk in found})
    titles: dict[int, Title] = {}
    for start in range(0, len(ids), _AT_ONCE):
        titles |= among.in_bulk(ids[start : start + _AT_ONCE])
    return [
        [
            titles[pk]
            for pk in ids_of.get(_key(facts["name"]), ())
            if pk in titles and _is_alike(titles[pk], kind, facts)
        ]
        for kind, facts in wanted
    ]


def names_of(title: Title) -> set[str]:
    """Return the folded names by which the title is known."""
    names = (title.name, title.original_name, *title.names.values())
    return {fold_text(name) for name in names if name}


def is_same_year(one: int | None, other: int | None) -> bool:
    """Return True where both years are the same, or one is not known."""
    return one is None or other is None or one == other


def _is_alike(title: Title, kind: str, facts: Mapping[str, Any]) -> bool:
    return (
        title.kind == kind
        and fold_text(facts["name"]) in names_of(title)
        and is_same_year(facts.get("year"), title.year)
    )


def _ids_by_name(names: Iterable[str]) -> dict[str, list[int]]:
    keys = sorted({_key(name) for name in names} - {""})
    ids: defaultdict[str, set[int]] = defaultdict(set)
    for start in range(0, len(keys), _AT_ONCE):
        for title_id, folded in find_called(keys[start : start + _AT_ONCE]):
            ids[folded].add(title_id)
    return {folded: sorted(found) for folded, found in ids.items()}


def _key(name: str) -> str:
    return next(iter(name_forms(name)), "")
