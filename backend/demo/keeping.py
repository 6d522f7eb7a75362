"""The library of the demo's reader: titles of every kind, some finished, some only planned."""

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from catalog.models import Title
from tracker.choices import Origin
from tracker.library.items import add_item
from tracker.library.lists import make_list, put_entry
from tracker.models import LibraryItem

# By the title's folder; what follows from it, such as dates, follows here too.
_KEPT: dict[str, dict[str, Any]] = {
    "manas": {"status": "current", "progress": 1, "score": 90, "favourite": True, "tags": ["эпос"]},
    "one-steppe": {"status": "current", "progress": 9, "score": 80, "tags": ["жол"]},
    "snow-leopard": {"status": "planning", "notes": "For the long winter evenings."},
    "caravan-to-osh": {"status": "paused", "progress": 2, "score": 60, "tags": ["жол"]},
    "er-toshtuk": {"status": "completed", "progress": 2, "score": 70, "tags": ["эпос"]},
    "bell": {"status": "repeating", "progress": 1, "repeats": 1, "score": 80},
    "seven-nights": {"status": "dropped", "progress": 1, "private": True},
    "wings-over-ala-too": {"status": "current", "progress": 5, "score": 90, "favourite": True},
    "last-eagle-hunter": {"status": "completed", "score": 100, "favourite": True},
}
_LISTED = ("one-steppe", "caravan-to-osh", "last-eagle-hunter")


def fill_library(reader: User, titles: Mapping[str, Title]) -> None:
    """Keep the titles for the reader, with one list to share; nothing where they keep some."""
    kept = [folder for folder in _KEPT if folder in titles]
    if not kept or LibraryItem.objects.filter(user=reader).exists():
        return
    for folder in kept:
        add_item(reader, title_id=titles[folder].pk, fields=_KEPT[folder], origin=Origin.WEB)
    shared = make_list(
        reader, name="On the road", description="Stories of people on their way.", is_public=True
    )
    for folder in [folder for folder in _LISTED if folder in titles]:
        put_entry(reader, shared.pk, title_id=titles[folder].pk)
