"""`manage.py reindex_search`: rebuild the search index after the rules of folding changed."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.search_index import reindex_all
from common.http.shared_cache import invalidate_cached_views


class Command(BaseCommand):
    help = "Fill the search index anew."

    def handle(self, *args: Any, **options: Any) -> None:
        """Index every title again; it commits in pieces, so it may be stopped and started again."""
        count = reindex_all()
        invalidate_cached_views("titles")
        self.stdout.write(f"{count} titles indexed")
