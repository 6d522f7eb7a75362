"""Empties the database after a test that commits, in the time that its few rows take.

Django's own flush truncates every table and makes content types, permissions and groups anew.
"""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection
from django.test import TransactionTestCase

# Migrations and `post_migrate` fill these tables; no test that commits may change them.
_KEPT = (ContentType, Permission, Group, Group.permissions.through)


@pytest.fixture(scope="session", autouse=True)
def _flush_what_is_there() -> Iterator[None]:
    counts: dict[str, int] = {}

    def flush(_test: TransactionTestCase) -> None:
        found = _flush()
        assert found == (counts or found), "a test that commits changed permissions or groups"
        counts.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush)
        yield


def _flush() -> dict[str, int]:
    """Empty the tables that hold rows; returns how many rows each of the kept ones has."""
    kept = {model._meta.db_table for model in _KEPT}
    tables = set(connection.introspection.django_table_names(only_existing=True)) - kept
    quote = connection.ops.quote_name
    holds_rows = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quote(table)})" for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(holds_rows)
        filled = [table for (table,) in cursor.fetchall()]
    if filled:
        statements = connection.ops.sql_flush(no_style(), filled, allow_cascade=True)
        connection.ops.execute_sql_flush(statements)
    return {model._meta.db_table: model._default_manager.count() for model in _KEPT}
