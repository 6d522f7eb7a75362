"""The catalogue in the admin: titles, creators, categories and tags."""

from catalog.admin import people, titles, vocabulary

__all__ = ["people", "titles", "vocabulary"]
