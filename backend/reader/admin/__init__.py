"""The reader in the admin: the review queue, series, chapters, volumes, groups and pages."""

from reader.admin import banned_pictures, chapters, pages, series, uploads

__all__ = ["banned_pictures", "chapters", "pages", "series", "uploads"]
