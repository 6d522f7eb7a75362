"""The filters and orders of a library."""

from functools import lru_cache
from typing import Any, cast

from django import forms
from django.db.models import Q, QuerySet
from django_filters import (
    BooleanFilter,
    CharFilter,
    Filter,
    FilterSet,
    IsoDateTimeFilter,
    MultipleChoiceFilter,
    NumberFilter,
)
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from catalog.choices import Kind
from catalog.models import Title
from catalog.search import search_titles
from common.http.keyset_pages import KeysetPages, KeysetPaging
from common.names import FoldedField
from tracker.choices import STATUS_CHOICES, STATUS_WORDS
from tracker.models import NOTHING_UNREAD, LibraryItem

# The column of each order, and True where the greatest value comes first.
_NATURAL = {
    "updated": ("updated_at", True),
    "title": ("name_order", False),
    "score": ("score_order", True),
    "progress": ("progress", True),
    "added": ("created_at", True),
    "unread": ("last_unread_at", True),
}
ORDERS = _NATURAL | {
    f"-{name}": (column, not is_descending) for name, (column, is_descending) in _NATURAL.items()
}


class ItemPaging(KeysetPaging):
    """The page of a library, and its order."""

    page_size = serializers.IntegerField(default=50, min_value=1, max_value=100)
    ordering = serializers.ChoiceField(
        list(ORDERS), default="updated", help_text="the newest or greatest first, titles from A"
    )


class ItemPages(KeysetPages):
    """Pages of a library."""

    query = ItemPaging
    orders = ORDERS
    tie = "title_id"
    columns = ("id",)


class UnreadPages(KeysetPages):
    """Pages of the items with unread chapters, the newest chapter first."""

    orders = {"": _NATURAL["unread"]}
    tie = "title_id"
    columns = ("id",)


class IdsField(forms.IntegerField):
    """Several ids."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[int]:
        """Return them; raises ValidationError where one is none."""
        clean_one = super().clean
        return [clean_one(one) for one in value or ()]


@extend_schema_field({"type": "array", "items": {"type": "integer"}})
class IdsFilter(Filter):
    """Ids, repeated or separated by commas."""

    field_class = IdsField


class ItemFilterSet(FilterSet):
    """Which items of a library are asked for."""

    title_id = IdsFilter(lookup_expr="in", min_value=1, max_value=2**63 - 1)
    status = MultipleChoiceFilter(choices=STATUS_CHOICES, method="with_status")
    type = MultipleChoiceFilter(field_name="kind", choices=Kind.choices)
    tag = CharFilter(method="with_tag", max_length=60, label="one of one's own tags")
    genre = CharFilter(field_name="title__categories__slug", max_length=60)
    year = NumberFilter(field_name="title__year", min_value=0, max_value=9999)
    score_min = NumberFilter(field_name="score", lookup_expr="gte", min_value=0, max_value=100)
    score_max = NumberFilter(field_name="score", lookup_expr="lte", min_value=0, max_value=100)
    favourite = BooleanFilter(field_name="is_favourite")
    has_unread = BooleanFilter(method="with_unread")
    updated_since = IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    search = CharFilter(method="called", max_length=300)

    class Meta:
        model = LibraryItem
        fields: list[str] = []

    def with_status(self, items: QuerySet[Any], name: str, words: list[str]) -> QuerySet[Any]:
        """Keep the items of these statuses."""
        statuses = {STATUS_WORDS.get(word, word) for word in words}
        return items.filter(status__in=statuses) if statuses else items

    def with_tag(self, items: QuerySet[Any], name: str, tag: str) -> QuerySet[Any]:
        """Keep the items that have a tag, however it is spelled."""
        return items.filter(tags__name_folded=FoldedField.make(tag))

    def with_unread(self, items: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Keep the items with unread chapters, or those without."""
        is_read = Q(last_unread_at=NOTHING_UNREAD)
        return items.filter(last_unread_at__gt=NOTHING_UNREAD) if value else items.filter(is_read)

    def called(self, items: QuerySet[Any], name: str, search: str) -> QuerySet[Any]:
        """Keep the items whose titles are called so, as the catalogue's search understands it."""
        if not search.strip():
            return items
        user = cast(User, self.request.user)
        mine = Title.objects.filter(library_items__user=user.pk)
        return items.filter(title__in=search_titles(search, among=mine))


@lru_cache(maxsize=256)
def filters_named(names: frozenset[str]) -> type[ItemFilterSet]:
    """Return the filter set with these filters only: the form of all costs as much as a page."""

    class Asked(ItemFilterSet):
        """The filters that are asked for; Django-filter's metaclass gives it all of them first."""

    Asked.base_filters = {name: ItemFilterSet.base_filters[name] for name in sorted(names)}
    return Asked
