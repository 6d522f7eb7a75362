"""Keeping the index of names true: whoever changes a name, an alias or a credit calls one of these.

Reads what titles are called and writes SearchName and SearchGram, which `search` reads, and the
names by language that titles are shown under.
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
    """Make a title findable by its names, aliases and people as they are now."""
    _reindex([title_id])


def reindex_person(person_id: int) -> None:
    """Make a person's titles findable by what the person is called now. A person who is about to
    be deleted or to lose a credit is not seen here: reindex those titles afterwards."""
    _reindex(Credit.objects.filter(person=person_id).values_list("title", flat=True).distinct())


def reindex_all() -> int:
    """Rebuild what differs for all titles, in pieces that each commit; how many titles it saw."""
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
        # Locked, so that of two at once the second sees what the first has written.
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
    """Return (title id, folded name, source, spellings) of (title id, name, source); what has
    several sources counts for the first of them: name, original, alias, person."""
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
