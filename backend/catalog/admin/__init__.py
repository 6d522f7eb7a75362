"""The catalogue in the admin: titles, people, words to sort by."""

from catalog.admin import people, titles, vocabulary

__all__ = ["people", "titles", "vocabulary"]
