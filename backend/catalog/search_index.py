"""Keeps the index of names up to date: code that changes a name, alias or credit calls it.

It reads the names of titles and writes SearchName and SearchGram, which `search` reads, and
`Title.names`, the names by language under which titles are shown.
"""

from collections.abc import Iterable, Iterator

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from catalog.folding import gram_code, join_initials, name_forms, name_grams
from catalog.models import Alias, Credit, Person, SearchName, Title
from catalog.names import names_by_language
from common.names import fold_text

_TITLES_AT_ONCE = 500

_ADD_GRAM = """
INSERT INTO catalog_searchgram (gram, name_id) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""


def reindex_title(title_id: int) -> None:
    """Index a title by its present names, aliases and people."""
    _reindex([title_id])


def reindex_person(person_id: int) -> None:
    """Index a person's titles by the person's present names.

    Titles that lose the person, by a deletion or a lost credit, are not found here: call
    `reindex_title` for these afterwards.
    """
    _reindex(Credit.objects.filter(person=person_id).values_list("title", flat=True).distinct())


def reindex_all() -> int:
    """Rebuild what differs for all titles, in pieces that each commit; return how many titles."""
    seen = last_id = 0
    while True:
        title_ids = list(
            Title.objects.filter(id__gt=last_id)
            .order_by("id")
            .values_list("id", flat=True)[:_TITLES_AT_ONCE]
        )
        if not title_ids:
            return seen
        _reindex(title_ids)
        seen += len(title_ids)
        last_id = title_ids[-1]


def _reindex(title_ids: Iterable[int]) -> None:
    with transaction.atomic():
        # Locked, so that of two workers at once the second sees the rows of the first.
        titles = {
            title.id: title
            for title in Title.objects.select_for_update(of=("self",))
            .filter(id__in=list(title_ids))
            .order_by("id")
            .only("id", "name", "original_name", "original_language", "names")
        }
        aliases = _aliases(Title, titles)
        _keep_names(titles, aliases)
        wanted = names_to_index(_names(titles, aliases))
        held = {
            (name.title_id, name.folded, name.source, name.spellings): name.id
            for name in SearchName.objects.filter(title__in=titles)
        }
        stale = [name_id for key, name_id in held.items() if key not in wanted]
        SearchName.objects.filter(id__in=stale).delete()
        added = SearchName.objects.bulk_create(
            SearchName(title_id=title_id, folded=folded, source=source, spellings=spellings)
            for title_id, folded, source, spellings in sorted(wanted - held.keys())
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                _ADD_GRAM,
                [(gram_code(gram), name.id) for name in added for gram in name_grams(name.folded)],
            )


def _keep_names(titles: dict[int, Title], aliases: list[tuple[int, str, str]]) -> None:
    aliases_of: dict[int, list[tuple[str, str]]] = {}
    for title_id, name, language in aliases:
        aliases_of.setdefault(title_id, []).append((name, language))
    renamed = []
    for title in titles.values():
        names = names_by_language(
            aliases_of.get(title.id, ()),
            original_name=title.original_name,
            original_language=title.original_language,
        )
        if names != title.names:
            title.names = names
            renamed.append(title)
    Title.objects.bulk_update(renamed, ["names"])


def names_to_index(names: Iterable[tuple[int, str, str]]) -> set[tuple[int, str, str, str]]:
    """Return (title id, folded name, source, spellings) of (title id, name, source).

    A folded name that several sources have counts for the first of them in the order of `names`.
    `spellings` has a line for each way of writing, only slightly folded.
    """
    sources: dict[tuple[int, str], str] = {}
    spellings: dict[tuple[int, str], dict[str, None]] = {}
    for title_id, name, source in names:
        for folded in name_forms(name):
            sources.setdefault((title_id, folded), source)
            written = spellings.setdefault((title_id, folded), {})
            written |= dict.fromkeys((fold_text(name), fold_text(join_initials(name))))
    return {
        (title_id, folded, source, "\n".join(sorted(spellings[title_id, folded])))
        for (title_id, folded), source in sources.items()
    }


def _names(
    titles: dict[int, Title], aliases: list[tuple[int, str, str]]
) -> Iterator[tuple[int, str, str]]:
    for title in titles.values():
        yield title.id, title.name, "name"
    for title in titles.values():
        yield title.id, title.original_name, "original"
    for title_id, alias, _language in aliases:
        yield title_id, alias, "alias"
    credited = list(
        Credit.objects.filter(title__in=titles)
        .values_list("title_id", "person_id", "person__name")
        .distinct()
    )
    titles_of: dict[int, list[int]] = {}
    for title_id, person_id, name in credited:
        titles_of.setdefault(person_id, []).append(title_id)
        yield title_id, name, "person"
    for person_id, alias, _language in _aliases(Person, titles_of):
        for title_id in titles_of[person_id]:
            yield title_id, alias, "person"


def _aliases(model: type[Title] | type[Person], ids: Iterable[int]) -> list[tuple[int, str, str]]:
    content_type = ContentType.objects.get_for_model(model)
    aliases = Alias.objects.filter(content_type=content_type, object_id__in=list(ids))
    return list(aliases.order_by("pk").values_list("object_id", "name", "language"))
