"""Libraries in the admin: the accounts at AniList, and nothing of what is in anybody's library."""

from tracker.admin import anilist

__all__ = ["anilist"]
