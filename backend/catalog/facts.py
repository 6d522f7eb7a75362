"""Writes what is known about a title: its columns, names, genres, tags, trailers and credits.

The stories of `catalog.editing` call it inside their transactions. Facts are a dict of the names
in COLUMNS and RELATIONS; those that are not in it stay as they are.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Alias, Category, Credit, Person, Tag, Title
from catalog.people import find_or_make_people
from common.http.errors import Invalid
from common.names import derived_fields

Facts = Mapping[str, Any]

COLUMNS = (
    "name", "original_name", "original_language", "synopsis", "status", "content_rating", "year",
    "length", "season_count", "duration_minutes", "trailers", "site_url", "format",
)  # fmt: skip
_LONGEST_PART = 200
_AT_ONCE = 500


def column_facts(facts: Facts) -> dict[str, Any]:
    """Return those facts that are columns of a title."""
    return {name: facts[name] for name in COLUMNS if name in facts}


def change_title(title: Title, facts: Facts) -> list[str]:
    """Write the facts of a title that is locked, and return the names of what has changed.

    Raises Invalid, with the fact's name, for a genre, tag or person that is not there.
    """
    columns = {
        name: value for name, value in column_facts(facts).items() if getattr(title, name) != value
    }
    if columns:
        for name, value in columns.items():
            setattr(title, name, value)
        derived = [field.name for name in columns for field in derived_fields(Title, name)]
        title.save(update_fields=[*columns, *derived])
    return [*columns, *change_relations(title, facts)]


def change_relations(title: Title, facts: Facts) -> list[str]:
    """Write genres, tags, other names and credits; return the names of what has changed."""
    changed = []
    for name, model, held in (
        ("genres", Category, title.categories),
        ("tags", Tag, title.tags),
    ):
        if name in facts:
            words = find_words(model, name, facts[name])
            if {word.pk for word in words} != set(held.values_list("pk", flat=True)):
                held.set(words)
                changed.append(name)
    if "aliases" in facts and _set_aliases(title, facts["aliases"]):
        changed.append("aliases")
    if "credits" in facts and _set_credits(title, facts["credits"]):
        changed.append("credits")
    return changed


def find_words(model: type[Category] | type[Tag], field: str, slugs: Sequence[str]) -> list[Any]:
    """Return the genres or tags of these slugs, locked; raises Invalid with the fact's name."""
    # Locked, as one that is being deleted at this moment cannot be taken any more.
    found = {
        word.slug: word
        for word in model.objects.select_for_update(no_key=True)
        .filter(slug__in=slugs)
        .order_by("pk")
    }
    missing = [slug for slug in slugs if slug not in found]
    if missing:
        raise _no_word(field, missing[0])
    return list(found.values())


def _no_word(field: str, slug: str) -> Invalid:
    message = _("There is no “%(name)s”.") % {"name": slug}
    return Invalid(message, fields={field: [message]})


def _no_person(pk: int) -> Invalid:
    message = _("There is no person %(id)d.") % {"id": pk}
    return Invalid(message, fields={"credits": [message]})


def find_unknown(many: Sequence[Facts]) -> list[Invalid | None]:
    """Return for each of the facts what writing them would raise for a genre, tag or person."""
    slugs = {
        name: _existing(model.objects, "slug", (slug for facts in many for slug in facts[name]))
        for name, model in (("genres", Category), ("tags", Tag))
    }
    people = _existing(
        Person.objects, "pk", (person for facts in many for person in _ids_of(facts["credits"]))
    )
    return [_unknown_of(facts, slugs, people) for facts in many]


def _unknown_of(
    facts: Facts, slugs: Mapping[str, Collection[str]], people: Collection[int]
) -> Invalid | None:
    for name, known in slugs.items():
        for slug in facts[name]:
            if slug not in known:
                return _no_word(name, slug)
    unknown = _ids_of(facts["credits"]) - set(people)
    return _no_person(min(unknown)) if unknown else None


def _existing(rows: Any, column: str, values: Iterable[Any]) -> set[Any]:
    wanted = sorted(set(values))
    found: set[Any] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        some = rows.filter(**{f"{column}__in": wanted[start : start + _AT_ONCE]})
        found.update(some.values_list(column, flat=True))
    return found


def _ids_of(given: Iterable[Mapping[str, Any]]) -> set[int]:
    return {credit["person"] for credit in given if isinstance(credit["person"], int)}


def _set_aliases(title: Title, aliases: Iterable[Mapping[str, str]]) -> bool:
    wanted = list(dict.fromkeys((alias["name"], alias["language"]) for alias in aliases))
    held = list(title.aliases.order_by("pk").values_list("name", "language"))
    if wanted == held:
        return False
    # Made anew where one differs: the first of a language is what the title is called in it.
    title.aliases.all().delete()
    Alias.objects.bulk_create(
        Alias(subject=title, name=name, language=language) for name, language in wanted
    )
    return True


def _set_credits(title: Title, given: Sequence[Mapping[str, Any]]) -> bool:
    people = _people_of(given)
    parts: dict[tuple[int, str], str] = {}
    for credit, person in zip(given, people, strict=True):
        key = (person, credit["role"])
        both = filter(None, (parts.get(key), credit["part"]))  # who plays two has one credit
        parts[key] = " / ".join(dict.fromkeys(both))[:_LONGEST_PART]
    wanted = [(*key, part) for key, part in parts.items()]
    credits_of_title = Credit.objects.filter(title=title.pk)
    held = credits_of_title.order_by("position", "pk").values_list("person_id", "role", "part")
    if wanted == list(held):
        return False
    credits_of_title.delete()
    Credit.objects.bulk_create(
        Credit(title_id=title.pk, person_id=person, role=role, part=part, position=position)
        for position, (person, role, part) in enumerate(wanted)
    )
    return True


def _people_of(given: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the id of each credit's person, who is given by id or by name."""
    ids = _ids_of(given)
    known = set(Person.objects.filter(pk__in=ids).values_list("pk", flat=True))
    if ids - known:
        raise _no_person(min(ids - known))
    names = [credit["person"] for credit in given if isinstance(credit["person"], str)]
    by_name = find_or_make_people(names)
    return [
        credit["person"] if isinstance(credit["person"], int) else by_name[credit["person"]].pk
        for credit in given
    ]
