"""How many rows the database reads for something, as it counts itself: no clock is asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

# SQLite tells no rows; a row that is looked at costs it 10 to 40 steps of its machine.
_STEPS_A_TICK = 200
_STEPS_A_ROW = 25


@dataclass
class Reading:
    """What was read, and by which statements."""

    rows: int = 0
    by_statement: list[tuple[int, str]] = field(default_factory=list)


@contextmanager
def count_rows_read() -> Iterator[Reading]:
    """Count what the statements inside read."""
    reading = Reading()
    counter = _on_sqlite if connection.vendor == "sqlite" else _on_postgresql
    with counter(reading):
        yield reading


@contextmanager
def _on_sqlite(reading: Reading) -> Iterator[None]:
    ticks = [0]
    begun: list[tuple[int, str]] = []

    def tick() -> int:
        ticks[0] += 1
        return 0

    def settle() -> None:
        for before, sql in begun:
            rows = (ticks[0] - before) * _STEPS_A_TICK // _STEPS_A_ROW
            reading.by_statement.append((rows, sql))

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        settle()  # rows are read while they are fetched: until the next statement begins
        begun[:] = [(ticks[0], sql)]
        return execute(sql, params, many, context)

    connection.ensure_connection()
    connection.connection.set_progress_handler(tick, _STEPS_A_TICK)
    try:
        with connection.execute_wrapper(note):
            yield
    finally:
        connection.connection.set_progress_handler(None, 0)
        settle()
        reading.rows = ticks[0] * _STEPS_A_TICK // _STEPS_A_ROW


@contextmanager
def _on_postgresql(reading: Reading) -> Iterator[None]:
    statements: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")) and not many:
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield
    for sql, params in statements:
        is_read = not sql.lstrip().upper().startswith(("UPDATE", "DELETE"))
        how = "ANALYZE, TIMING OFF, " if is_read and "FOR UPDATE" not in sql else ""
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN ({how}FORMAT JSON) {sql}", params)
            [(plan,)] = cursor.fetchall()
        plan = json.loads(plan) if isinstance(plan, str) else plan
        rows = sum(_rows_of(plan[0]["Plan"]))
        reading.by_statement.append((round(rows), sql))
    reading.rows = sum(rows for rows, _sql in reading.by_statement)


def _rows_of(node: dict[str, Any]) -> Iterator[float]:
    loops = node.get("Actual Loops", 1)
    is_index_of_bitmap = node["Node Type"] == "Bitmap Index Scan"
    if "Relation Name" in node or is_index_of_bitmap:
        found = node.get("Actual Rows", node["Plan Rows"])
        missed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
        yield (found + missed) * loops
    for child in node.get("Plans", ()):
        yield from _rows_of(child)
