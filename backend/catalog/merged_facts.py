"""What the catalogue moves from a title that is merged into another one, and how it comes back.

The other title keeps its own facts; it gains names, genres, tags, credits, pictures that it lacks,
and ids on other sites that it lacks.
"""

from typing import Any

from catalog.models import (
    Alias,
    Cover,
    CoverDraft,
    Credit,
    OldSlug,
    Screenshot,
    Title,
    TitleQuerySet,
)
from common.merging import move_rows, point_rows

# Languages and search names are counted or indexed anew; a draft of a cover stays.
TITLE_COLUMNS = (
    "catalog.TitleLanguage.title", "catalog.OldSlug.title", "catalog.Credit.title",
    "catalog.Cover.title", "catalog.CoverDraft.title", "catalog.Screenshot.title",
    "catalog.SearchName.title", "catalog.Title.categories", "catalog.Title.tags",
    "catalog.Title.people",
)  # fmt: skip
_MOVED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "credits": (Credit.objects.all(), ("person_id", "role")),
    "old_slugs": (OldSlug.objects.all(), ()),
    "screenshots": (Screenshot.objects.all(), ()),
}
_ONLY_ONE = ("anilist_id", "mal_id", "mangadex_id")


def merge_facts(from_id: int, into_id: int) -> dict[str, Any]:
    """Move them, and return what `unmerge_facts` needs."""
    source, into = Title.objects.get(pk=from_id), Title.objects.get(pk=into_id)
    record: dict[str, Any] = {"from": from_id, "into": into_id}
    for name, (rows, once_by) in _MOVED.items():
        record[name] = move_rows(
            rows, "title_id", from_id=from_id, into_id=into_id, once_by=once_by
        )
    record["cover"] = []
    if not Cover.objects.filter(title=into_id).exists():
        record["cover"] = move_rows(
            Cover.objects.all(), "title_id", from_id=from_id, into_id=into_id
        )
    CoverDraft.objects.filter(title=from_id, is_approved=True).update(is_approved=False)
    for name in ("categories", "tags"):
        held = set(getattr(into, name).values_list("pk", flat=True))
        added = sorted(set(getattr(source, name).values_list("pk", flat=True)) - held)
        getattr(into, name).add(*added)
        record[name] = added
    record["aliases"] = _give_names(source, into)
    record["ids"] = _give_ids(source, into)
    return record


def unmerge_facts(record: dict[str, Any]) -> None:
    """Move back what is still with the other title."""
    from_id, into_id = record["from"], record["into"]
    for name, (rows, _once_by) in _MOVED.items():
        point_rows(rows.filter(title=into_id), "title_id", record[name], at_id=from_id)
    if not Cover.objects.filter(title=from_id).exists():
        covers = Cover.objects.filter(title=into_id)
        point_rows(covers, "title_id", record["cover"], at_id=from_id)
    into = Title.objects.get(pk=into_id)
    for name in ("categories", "tags"):
        getattr(into, name).remove(*record[name])
    into.aliases.filter(pk__in=record["aliases"]).delete()
    given = {name: value for name, value in record["ids"].items() if value is not None}
    held = {name: str(value) for name, value in _ids(Title.objects.filter(pk=into_id)).items()}
    back = {name: value for name, value in given.items() if held[name] == str(value)}
    Title.objects.filter(pk=into_id).update(**dict.fromkeys(back))
    Title.objects.filter(pk=from_id).update(**back)


def _give_names(source: Title, into: Title) -> list[int]:
    """Give all names of the title to the other one; return the ids of the new aliases."""
    names = [(source.name, ""), (source.original_name, source.original_language)]
    names += source.aliases.order_by("pk").values_list("name", "language")
    held = {into.name, into.original_name, *into.aliases.values_list("name", flat=True)}
    added = []
    for name, language in names:
        if name and name not in held:
            held.add(name)
            added.append(Alias.objects.create(subject=into, name=name, language=language).pk)
    return added


def _give_ids(source: Title, into: Title) -> dict[str, Any]:
    """Give the ids on other sites that the other title lacks; return them."""
    theirs = _ids(Title.objects.filter(pk=source.pk))
    ours = _ids(Title.objects.filter(pk=into.pk))
    given = {name: value for name, value in theirs.items() if ours[name] is None and value}
    Title.objects.filter(pk=source.pk).update(**dict.fromkeys(given))
    Title.objects.filter(pk=into.pk).update(**given)
    return {name: str(value) for name, value in given.items()}


def _ids(title: TitleQuerySet) -> dict[str, Any]:
    return dict(title.values(*_ONLY_ONE).get())
