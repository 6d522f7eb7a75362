"""Search by name, on whichever database the tests run: both must pass the same table."""

import pytest

from catalog.models import Alias, Credit, Person, SearchName, Title
from catalog.search import ranked, search_titles
from catalog.search_index import reindex_all
from catalog.search_terms import Terms
from tests.catalog.search_cases import CASES, HIDDEN, PEOPLE, TITLES, Case

pytestmark = pytest.mark.django_db


def found(query: str) -> list[int]:
    return search_titles(query, among=Title.objects.filter(moderation="approved"))


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker):
    """The table's titles, made once for all its queries; key of each by id."""
    with django_db_blocker.unblock():
        people = {}
        for key, (name, *aliases) in PEOPLE.items():
            people[key] = Person.objects.create(name=name, slug=f"search-{key}")
            for alias in aliases:
                Alias.objects.create(subject=people[key], name=alias)
        keys = {}
        for key, named in TITLES.items():
            title = Title.objects.create(
                name=named.name,
                original_name=named.original,
                kind="manga",
                moderation="pending" if key in HIDDEN else "approved",
            )
            keys[title.id] = key
            for alias in named.aliases:
                Alias.objects.create(subject=title, name=alias)
            for person in named.people:
                Credit.objects.create(title=title, person=people[person], role="author")
        reindex_all()
        yield keys
        Title.objects.filter(id__in=keys).delete()
        Person.objects.filter(id__in=[person.id for person in people.values()]).delete()


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.query[:30]))
def test_the_table_of_queries(catalogue, case: Case):
    results = [catalogue[title_id] for title_id in found(case.query)]

    assert (results[0] if results else None) == case.first
    assert set(results) >= set(case.also)
    assert not set(results) & {*case.never, *HIDDEN}


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.query[:30]))
def test_the_first_twenty_are_those_that_ranking_every_name_gives(catalogue, case: Case):
    """Which is the same on every database, as no database takes part in it."""
    everything = SearchName.objects.filter(title__moderation="approved").values_list(
        "title_id", "folded", "source", "spellings"
    )
    terms = Terms(case.query)
    expected = ranked(terms, list(everything))[:20] if terms else []

    assert found(case.query)[:20] == expected


def test_search_takes_a_constant_number_of_queries(catalogue, django_assert_max_num_queries):
    for query in ("naruto", "n", "shingeki no kyojn", "x" * 500):
        with django_assert_max_num_queries(5):
            found(query)
