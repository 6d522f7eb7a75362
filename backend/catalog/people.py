"""Moderators edit people and their credits here; every change reaches the search index."""

from collections.abc import Collection

from django.db import IntegrityError, transaction

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Credit, Person, Title
from catalog.permissions import MODERATE
from catalog.search_index import reindex_person, reindex_title
from catalog.slugs import unique_slug
from common.http.shared_cache import invalidate_cached_views
from common.names import fold_text, order_key

_ATTEMPTS = 20


def create_person(person: Person, *, editor: User) -> None:
    """Save a new person under a slug that no other person has."""
    with acting(editor, permission=MODERATE):
        _insert_person(person)


def _insert_person(person: Person) -> None:
    for _attempt in range(_ATTEMPTS):
        person.slug = unique_slug(Person, person.name, fallback="person")
        try:
            with transaction.atomic():
                person.save(force_insert=True)
        except IntegrityError:  # another request took the slug; the next one is free
            continue
        return
    raise RuntimeError(f"no free slug for {person.name!r}")


def find_or_make_people(names: Collection[str]) -> dict[str, Person]:
    """Return the person of each name, in the caller's transaction; new names get a new person.

    Of several people with one name the first counts: who means another one gives the id.
    """
    keys = {name: order_key(name) for name in names}
    named: dict[str, Person] = {}
    for person in Person.objects.filter(name_order__in=set(keys.values())).order_by("pk"):
        named.setdefault(fold_text(person.name), person)
    for name in keys:
        if fold_text(name) not in named:
            named[fold_text(name)] = person = Person(name=name)
            _insert_person(person)
    return {name: named[fold_text(name)] for name in keys}


def drop_unused_people(ids: Collection[int]) -> None:
    """Delete those people who have no credit and no other name: a proposal brought them."""
    unused = Person.objects.filter(pk__in=ids, credits=None, aliases=None)
    unused.filter(original_name="").delete()


def set_credits(person: Person, *, role: str, titles: Collection[Title], editor: User) -> bool:
    """Credit the person in `role` with exactly these titles; return True if that was a change."""
    wanted = {title.pk for title in titles}
    with acting(editor, permission=MODERATE):
        held = set(
            Credit.objects.filter(person=person.pk, role=role).values_list("title_id", flat=True)
        )
        Credit.objects.filter(person=person.pk, role=role, title__in=held - wanted).delete()
        Credit.objects.bulk_create(
            Credit(person_id=person.pk, role=role, title_id=pk) for pk in sorted(wanted - held)
        )
        for pk in sorted(wanted ^ held):
            reindex_title(pk)
        invalidate_cached_views("titles")
    return wanted != held


def titles_of(person: Person) -> set[int]:
    """Return the ids of the titles that credit a person."""
    return set(Credit.objects.filter(person=person.pk).values_list("title_id", flat=True))


def record_person_edit(
    person: Person, *, editor: User, changed: Collection[str], is_new: bool = False,
    titles_before: Collection[int] = (),
) -> None:  # fmt: skip
    """Update search, log and lists after a person's names, aliases or credits were saved.

    `titles_before` holds the ids of the titles that credited the person before, so that titles that
    lost the credit are not found by the person any more.
    """
    if not changed and not is_new:
        return
    with acting(editor):
        reindex_person(person.pk)
        for pk in sorted(set(titles_before) - titles_of(person)):
            reindex_title(pk)
        log_decision(
            Person.objects.get(pk=person.pk),
            action="create_person" if is_new else "edit_person",
            actor=editor,
            reason=", ".join(changed),
        )
        invalidate_cached_views("titles")


def delete_person(person: Person, *, editor: User) -> None:
    """Delete a person with all credits."""
    with acting(editor, permission=MODERATE):
        plain = Person.objects.get(pk=person.pk)
        titles = titles_of(plain)
        log_decision(plain, action="delete_person", actor=editor)
        plain.delete()
        for pk in sorted(titles):
            reindex_title(pk)
        invalidate_cached_views("titles")
