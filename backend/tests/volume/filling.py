"""Fill tables with many made-up rows by one INSERT each, on both databases alike."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.color import no_style
from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

TITLES, CHAPTERS, PAGES, READ = 20_000, 100_000, 300_000, 5_000
PEOPLE = 2_000


def fill(model: type[models.Model], count: int, **expressions: str) -> None:
    """Insert rows 1 to `count`; each column is an SQL expression over `i`, its default, or NULL."""
    columns: dict[str, str] = {}
    params: list[object] = []
    for field in model._meta.concrete_fields:
        if field.generated:
            continue
        column = str(field.column)
        expression = expressions.pop(field.attname, None)
        if expression is not None:
            columns[column] = expression
        elif field.primary_key:
            columns[column] = "i"
        elif field.null:
            columns[column] = "NULL"
        elif field.has_default():
            columns[column] = "%s"
            params.append(field.get_db_prep_save(field.get_default(), connection))
        elif field.db_default is NOT_PROVIDED:  # else the database has one of its own
            assert field.empty_strings_allowed, f"say what {field} is"
            columns[column] = "''"
    assert not expressions, f"{model.__name__} has no {', '.join(expressions)}"
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({names}) '
            "WITH RECURSIVE numbers(i) AS "
            f"(SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count}) "
            f"SELECT {', '.join(columns.values())} FROM numbers",
            params,
        )
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


def moment(seconds_ago: str) -> str:
    """Return the SQL of a moment, `seconds_ago` an expression over `i`."""
    if connection.vendor == "sqlite":
        seconds = f"printf('%%+d seconds', -({seconds_ago}))"
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', {seconds})"
    return f"now() - ({seconds_ago}) * interval '1 second'"


def never() -> str:
    """Return the SQL of the moment that stands for none."""
    if connection.vendor == "sqlite":
        return "'1970-01-01 00:00:00'"
    return "'1970-01-01 00:00:00+00'::timestamptz"


def order_of_numbers() -> str:
    """Return the SQL of the bytes that a name is sorted by, where names end in a number."""
    if connection.vendor == "sqlite":
        return "CAST(printf('%%08d', i) AS BLOB)"
    return "convert_to(lpad(i::text, 8, '0'), 'UTF8')"


def hexadecimal(length: int) -> str:
    """Return the SQL of a distinct text of that many characters."""
    if connection.vendor == "sqlite":
        return f"printf('%%0{length}d', i)"
    return f"lpad(i::text, {length}, '0')"


@contextmanager
def without_checks() -> Iterator[None]:
    """Insert without looking each reference up: all of them are right, and go again."""
    if not _may_switch_checks_off():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def _may_switch_checks_off() -> bool:
    if connection.vendor == "sqlite":  # looks when a transaction ends, and this one never does
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        [(is_superuser,)] = cursor.fetchall()
    return bool(is_superuser)
