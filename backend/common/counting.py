"""Counting related rows of a list, and the list itself, at bounded cost."""

from django.core.paginator import Paginator
from django.db.models import Count, Model, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property


def count_of(model: type[Model], reference: str, *, what: str = "pk") -> Coalesce:
    """Return how many rows of `model` refer to a list's row, counted for the rows shown only.

    A join would count for all rows before it cuts the list.
    """
    rows = model._default_manager.filter(**{reference: OuterRef("pk")}).order_by()
    counted = rows.values(reference).annotate(count=Count(what, distinct=True)).values("count")
    return Coalesce(Subquery(counted), 0)


class BoundedPaginator(Paginator):  # type: ignore[type-arg] # Django's own takes no parameter
    """Counts no further than `max_count`: older rows are found by searching."""

    max_count = 10_000

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, at most `max_count`."""
        return int(self.object_list[: self.max_count].count())  # type: ignore[attr-defined]
