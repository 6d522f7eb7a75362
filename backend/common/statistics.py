"""Statistics for the query planner: PostgreSQL keeps them by itself, SQLite has to be told to.

Without them SQLite takes every compared column for a selective one, and reads a list of the newest
chapters by way of all approved titles.
"""

from django.db import connection

from common.work.background import scheduled_task

# The rows that are read of each index: enough to tell common values from rare ones.
_LOOKED_AT = 1000


@scheduled_task(every_seconds=24 * 3600)
def refresh_statistics() -> None:
    """Count how common values are; running processes use it when they next open the database."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {_LOOKED_AT}")
        cursor.execute("ANALYZE")
