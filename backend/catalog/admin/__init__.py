"""The catalogue in the admin: titles, creators, categories and tags."""

from catalog.admin import every_title, people, titles, vocabulary, watched

__all__ = ["every_title", "people", "titles", "vocabulary", "watched"]
