"""What the planner knows about the tables: PostgreSQL keeps it by itself, SQLite has to be asked.

Without it SQLite takes any column that is compared for a rare one, and reads a list of the newest
chapters by way of all approved titles.
"""

from django.db import connection

from common.work.background import scheduled_task

# Rows of each index that are looked at: enough to tell common values from rare ones.
_LOOKED_AT = 1000


@scheduled_task(every_seconds=24 * 3600)
def refresh_statistics() -> None:
    """Count how common values are; a process that runs sees it when it next opens the database."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {_LOOKED_AT}")
        cursor.execute("ANALYZE")
