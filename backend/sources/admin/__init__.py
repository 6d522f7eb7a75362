"""Sources in the admin: what is decided about each, what is taken from them, blocked groups."""

from sources.admin import follows, groups, sources

__all__ = ["follows", "groups", "sources"]
