"""What is read, in the admin: the queue, series, chapters and what stands behind them."""

from reader.admin import banned_pictures, chapters, pages, series, uploads

__all__ = ["banned_pictures", "chapters", "pages", "series", "uploads"]
