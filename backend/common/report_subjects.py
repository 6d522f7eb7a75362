"""The kinds of objects that can be reported; each app declares its own in `report_subjects.py`.

SUBJECT_KINDS = {"chapter": SubjectKind(gettext_lazy("chapter"), _find_chapter, "admin:…")}
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.functional import Promise

from common.discovery import declared


@dataclass(frozen=True)
class Subject:
    """One reportable object: its name, its page in the web app, and the id of its owner."""

    label: str
    url: str
    accused_id: int | None


@dataclass(frozen=True)
class SubjectKind:
    """How objects of one kind are found, by `find(viewer, pk)`, and where moderators see them.

    `find` returns None for what the viewer may not see.
    """

    word: str | Promise
    find: Callable[[Any, int], Subject | None]
    admin_url_name: str


@lru_cache(maxsize=1)
def subject_kinds() -> dict[str, SubjectKind]:
    """Return every kind by its name in the API."""
    found: dict[str, SubjectKind] = {}
    for kinds in declared("report_subjects", "SUBJECT_KINDS"):
        found.update(kinds)
    return found
