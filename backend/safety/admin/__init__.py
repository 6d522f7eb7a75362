"""Cases of what was reported, the moderator's page of one person, and what was deleted of all."""

from safety.admin import cases, deletions, people

__all__ = ["cases", "deletions", "people"]
