"""What can be asked of a list of titles, and the queryset that answers it."""

from typing import Annotated, Any, Literal

from django.db.models import Count
from pydantic import Field

from catalog.choices import Kind, Rating, Status
from catalog.models import Title, TitleQuerySet
from catalog.search import search_titles
from common.http.queries import Paging

Ordering = Literal["newest", "updated", "popular", "rating", "title", "relevance"]
Slug = Annotated[str, Field(max_length=60)]
_MAX_REPEATS = 30

ORDERINGS: dict[str, tuple[Any, ...]] = {
    "newest": ("-approved_at", "-id"),
    "updated": ("-updated_at", "-id"),
    "popular": ("-popularity", "-id"),
    "rating": ("-rating_average", "-id"),
    "title": ("name_order", "id"),
}


class TitleQuery(Paging):
    """The parameters of `/api/titles` and `/api/series`."""

    search: str = Field(default="", max_length=300)
    kind: list[Kind] = Field(default=[], max_length=_MAX_REPEATS)
    status: list[Status] = Field(default=[], max_length=_MAX_REPEATS)
    rating: list[Rating] = Field(default=[], max_length=_MAX_REPEATS)
    year: list[Annotated[int, Field(ge=0, le=9999)]] = Field(default=[], max_length=_MAX_REPEATS)
    genre: list[Slug] = Field(default=[], max_length=_MAX_REPEATS)
    tag: list[Slug] = Field(default=[], max_length=_MAX_REPEATS)
    exclude_tag: list[Slug] = Field(default=[], max_length=_MAX_REPEATS)
    person: str = Field(default="", max_length=220)
    ordering: Ordering | None = None

    @property
    def is_ranked(self) -> bool:
        """True where what answers the search best comes first."""
        return bool(self.search.strip()) and self.ordering in (None, "relevance")

    def filters(self) -> str:
        """Return what decides which titles and in which order, the same text for the same."""
        return self.model_dump_json(exclude={"page", "page_size"}, exclude_defaults=True)


def title_queryset(query: TitleQuery, titles: TitleQuerySet) -> tuple[TitleQuerySet, list[int]]:
    """Filter `titles`; with a search the second value holds all that was found, best first."""
    titles = _filter_columns(query, titles)
    titles = _with_all(titles, "categories", query.genre)
    titles = _with_all(titles, "tags", query.tag)
    if query.exclude_tag:
        titles = titles.exclude(tags__slug__in=query.exclude_tag)
    if query.person:
        by_id = query.person.isascii() and query.person.isdecimal()
        who = {"people__id": int(query.person)} if by_id else {"people__slug": query.person}
        titles = titles.filter(**who).distinct()
    if not query.search.strip():
        return titles.order_by(*ORDERINGS.get(query.ordering or "newest", ORDERINGS["newest"])), []
    found = search_titles(query.search, among=titles)
    if query.is_ranked:
        return titles.filter(pk__in=found), found
    return titles.filter(pk__in=found).order_by(*ORDERINGS[query.ordering or "newest"]), []


def _with_all(titles: TitleQuerySet, relation: str, slugs: list[str]) -> TitleQuerySet:
    """Keep the titles that have every one of the slugs, which differ.

    One by a join; several by one subquery, for with a join each SQLite takes 64 tables and no more.
    """
    if len(slugs) < 2:
        return titles.filter(**{f"{relation}__slug": slug for slug in slugs})
    having_all = (
        Title.objects.filter(**{f"{relation}__slug__in": slugs})
        .order_by()
        .values("pk")
        .annotate(found=Count("pk"))
        .filter(found=len(slugs))
    )
    return titles.filter(pk__in=having_all.values("pk"))


def _filter_columns(query: TitleQuery, titles: TitleQuerySet) -> TitleQuerySet:
    for column, wanted in (
        ("kind", query.kind),
        ("status", query.status),
        ("content_rating", query.rating),
        ("year", query.year),
    ):
        if wanted:
            titles = titles.filter(**{f"{column}__in": wanted})
    return titles
