"""The admin's pages of cases, of members, and of deletions of all uploads of a user."""

from safety.admin import cases, deletions, people

__all__ = ["cases", "deletions", "people"]
