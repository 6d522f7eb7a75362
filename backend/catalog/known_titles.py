"""Finds the title that somebody is about to enter a second time."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Title
from catalog.search import search_titles
from common.http.errors import AppError
from common.names import fold_text

_LOOKED_AT = 20


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
    visible = Title.objects.all().visible_to(viewer).filter(kind=kind)
    wanted = fold_text(facts["name"])
    found = search_titles(facts["name"], among=visible)[:_LOOKED_AT]
    titles = Title.objects.in_bulk(found)
    year = facts.get("year")
    return [
        title
        for title in (titles[pk] for pk in found if pk in titles)
        if wanted in {fold_text(name) for name in _names_of(title)}
        and (year is None or title.year is None or title.year == year)
    ]


def _names_of(title: Title) -> tuple[str, ...]:
    return (title.name, title.original_name, *title.names.values())
