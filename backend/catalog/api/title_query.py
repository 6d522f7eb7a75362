"""The query parameters of a list of titles, and the queryset that they select."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, OuterRef
from rest_framework import serializers

from catalog.choices import Kind, Rating, Status
from catalog.models import Title, TitleLanguage, TitleQuerySet
from catalog.search import search_titles
from common.http.queries import LanguagesField, Paging, RepeatedField
from common.http.renderers import to_json

_MAX_REPEATS = 30
_PAGING = {"page", "page_size"}

ORDERINGS: dict[str, tuple[Any, ...]] = {
    "newest": ("-approved_at", "-id"),
    "updated": ("-updated_at", "-id"),
    "popular": ("-popularity", "-id"),
    "rating": ("-rating_average", "-id"),
    "title": ("name_order", "id"),
}


RELEVANCE = "relevance"


def _slugs() -> RepeatedField:
    return RepeatedField(
        child=serializers.CharField(max_length=60, allow_blank=True, trim_whitespace=False),
        max_length=_MAX_REPEATS,
    )


def _year(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=9999, **options)


class TitleQuery(Paging):
    """The parameters of `/api/titles` and `/api/series`."""

    search = serializers.CharField(
        default="", max_length=300, allow_blank=True, trim_whitespace=False
    )
    kind = RepeatedField(child=serializers.ChoiceField(Kind.choices), max_length=_MAX_REPEATS)
    status = RepeatedField(child=serializers.ChoiceField(Status.choices), max_length=_MAX_REPEATS)
    rating = RepeatedField(child=serializers.ChoiceField(Rating.choices), max_length=_MAX_REPEATS)
    year = RepeatedField(child=_year(), max_length=_MAX_REPEATS)
    year_min = _year(required=False)
    year_max = _year(required=False)
    chapter_language = LanguagesField()
    genre = _slugs()
    tag = _slugs()
    exclude_tag = _slugs()
    person = serializers.CharField(
        default="", max_length=220, allow_blank=True, trim_whitespace=False
    )
    # Without it the best matches of a search come first, or, without a search, the newest titles.
    ordering = serializers.ChoiceField([*ORDERINGS, RELEVANCE], required=False)


def is_ranked(query: dict[str, Any]) -> bool:
    """Return True where the best matches of a search come first."""
    return bool(query["search"].strip()) and query.get("ordering", RELEVANCE) == RELEVANCE


def title_filters(query: dict[str, Any]) -> str:
    """Return the parameters that decide which titles are listed in which order, as JSON text.

    Without page and page size: all pages of a list have the same text.
    """
    return to_json(
        {name: value for name, value in query.items() if value and name not in _PAGING}
    ).decode()


def title_queryset(query: dict[str, Any], titles: TitleQuerySet) -> tuple[TitleQuerySet, list[int]]:
    """Return the filtered titles; for a ranked search also the ids of all matches, best first."""
    titles = _filter_columns(query, titles)
    titles = _with_all(titles, "categories", query.get("genre", []))
    titles = _with_all(titles, "tags", query.get("tag", []))
    if query.get("exclude_tag"):
        titles = titles.exclude(tags__slug__in=query["exclude_tag"])
    if query.get("chapter_language"):
        can_be_read = TitleLanguage.objects.filter(
            title=OuterRef("pk"), language__in=query["chapter_language"]
        )
        titles = titles.filter(Exists(can_be_read))
    person = query.get("person", "")
    if person:
        by_id = person.isascii() and person.isdecimal()
        who = {"people__id": int(person)} if by_id else {"people__slug": person}
        titles = titles.filter(**who).distinct()
    search = query.get("search", "")
    order = ORDERINGS.get(query.get("ordering", ""), ORDERINGS["newest"])
    if not search.strip():
        return titles.order_by(*order), []
    found = search_titles(search, among=titles)
    titles = titles.filter(pk__in=found)
    return (titles, found) if is_ranked(query) else (titles.order_by(*order), [])


def _with_all(titles: TitleQuerySet, relation: str, slugs: Sequence[str]) -> TitleQuerySet:
    """Keep the titles that have every one of the slugs, which differ.

    One slug is a join; several are one subquery, as with a join for each SQLite would reach its
    limit of 64 tables.
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


def _filter_columns(query: dict[str, Any], titles: TitleQuerySet) -> TitleQuerySet:
    for column, wanted in (
        ("kind__in", query.get("kind")),
        ("status__in", query.get("status")),
        ("content_rating__in", query.get("rating")),
        ("year__in", query.get("year")),
        ("year__gte", query.get("year_min")),
        ("year__lte", query.get("year_max")),
    ):
        if wanted:
            titles = titles.filter(**{column: wanted})
    return titles
