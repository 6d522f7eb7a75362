"""Reads rows for cached views by SQL compiled once, as building a query costs more than running it.

A compiled query is made from an ordinary queryset, so that `visible_to` and `public` decide as
everywhere. It is kept, so it must hold no value that changes, such as the time or an id: in its
place stands a `Placeholder`, which is found again among the parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Expression, QuerySet


class Placeholder(Expression):
    """Stands where each run of a compiled query puts its own value; `times(n)` is a list for `IN`.

    No field converts the value for SQL, so it has to be what the driver takes.
    """

    # The very object has to be among the parameters, whatever Django compares or copies before.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __repr__(self) -> str:
        return f"<Placeholder {self.name}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def resolve_expression(self, *args: Any, **options: Any) -> Self:
        """Return itself: it refers to nothing in the query."""
        return self

    def as_sql(self, compiler: Any, connection: Any, **options: Any) -> tuple[str, Any]:
        """Return the SQL of one parameter."""
        return "%s", [self]

    def times(self, count: int) -> "_Places":
        """Return a list of `count` values, for `filter(column__in=...)`."""
        return _Places(self, count)


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    """One parameter of a list: it gets the value at this index of the placeholder's list."""

    placeholder: Placeholder
    index: int


class _Places(Expression):
    """A placeholder for a list. Django takes the members of a real list for ids, and converts them
    where the column is a foreign key."""

    def __init__(self, placeholder: Placeholder, count: int) -> None:
        super().__init__()
        self.items = [_Item(placeholder, index) for index in range(count)]

    def as_sql(self, compiler: Any, connection: Any, **options: Any) -> tuple[str, Any]:
        """Return the SQL of a list in parentheses."""
        if not self.items:
            raise EmptyResultSet
        return f"({', '.join(['%s'] * len(self.items))})", list(self.items)


Values = Mapping[Placeholder, Any]
_NOTHING: Values = {}


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """SQL and its parameters; times and decimals in its rows are as the driver gives them
    (see `as_utc`; `plain_number` takes both)."""

    sql: str
    params: tuple[Any, ...]
    columns: tuple[str, ...]

    def rows(self, values: Values = _NOTHING) -> Sequence[Sequence[Any]]:
        """Return all rows; `values` has one value for each placeholder, and a list for `times`."""
        if not self.sql:
            return []
        params = [_value_of(param, values) for param in self.params]
        found = read_rows(self.sql, params, self.columns)
        width = len(self.columns)
        if found and len(found[0]) > width:  # DISTINCT selects what it is ordered by, too
            return [row[:width] for row in found]
        return found

    def page(self, start: int, count: int, values: Values = _NOTHING) -> Sequence[Sequence[Any]]:
        """Return `count` rows from row `start` on."""
        if not self.sql:
            return []
        params = (*self.params, count, start)
        return replace(self, sql=f"{self.sql} LIMIT %s OFFSET %s", params=params).rows(values)


def _value_of(param: Any, values: Values) -> Any:
    kind = type(param)
    if kind is Placeholder:
        return values[param]
    return values[param.placeholder][param.index] if kind is _Item else param


def read_rows(sql: str, params: Sequence[Any], columns: Sequence[str]) -> Sequence[Sequence[Any]]:
    """Run SQL that selects columns of these names, and return its rows.

    SQLite packs them into one JSON text: its driver releases the interpreter's lock and takes it
    back for every row, which costs busy threads more than the rows do.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            row = f"json_array({', '.join(columns)})"
            cursor.execute(f"SELECT json_group_array({row}) FROM ({sql})", params)  # noqa: S608
            packed: list[list[Any]] = orjson.loads(cursor.fetchone()[0])
            return packed
        cursor.execute(sql, params)
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def compile_rows(queryset: QuerySet[Any], columns: Sequence[str]) -> CompiledQuery:
    """Compile an unsliced queryset into rows of `columns`."""
    compiler = queryset.values_list(*columns).query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql(with_col_aliases=True)
    except EmptyResultSet:  # such as "id in ()"
        return CompiledQuery("", (), ())
    names = [connection.ops.quote_name(alias) for *_rest, alias in compiler.select]
    return CompiledQuery(sql, tuple(params), tuple(names[: len(columns)]))


def as_utc(moment: datetime | str | None) -> datetime | str | None:
    """Return a time with its zone: SQLite keeps none, and all stored times are UTC."""
    if isinstance(moment, str):
        return f"{moment[:10]}T{moment[11:19]}Z"  # as `common.http.renderers` writes times
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
