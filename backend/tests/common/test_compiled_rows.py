"""Queries that are compiled once: every run puts its own values where the placeholders stand."""

import copy

import pytest
from django.db.models import Exists, OuterRef
from django.db.models.expressions import RawSQL

from catalog.models import Category, Title
from common.compiled_rows import Placeholder, compile_rows

pytestmark = pytest.mark.django_db
WORD, YEAR, IDS = Placeholder("word"), Placeholder("year"), Placeholder("ids")


@pytest.fixture
def titles():
    rows = [(f"title-{number}", 2000 + number % 2) for number in range(5)]
    return [
        Title.objects.create(name=slug, slug=slug, kind="manga", year=year) for slug, year in rows
    ]


def _first(rows):
    return [row[0] for row in rows]


def test_each_run_has_values_of_its_own(titles):
    query = compile_rows(Title.objects.filter(slug=WORD), ("id",))

    found = [_first(query.rows({WORD: title.slug})) for title in titles[:2]]

    assert found == [[titles[0].pk], [titles[1].pk]]


@pytest.mark.parametrize("literal", [-1, -200, 10**17, 2001])
def test_a_number_of_the_query_stays_what_it_is(titles, literal):
    others = Title.objects.filter(year=YEAR).exclude(pk=literal).order_by("pk")
    query = compile_rows(others, ("slug",))

    assert _first(query.rows({YEAR: 2001})) == ["title-1", "title-3"]
    assert query.params.count(literal) == 1


def test_one_placeholder_can_stand_in_many_places(titles):
    again = RawSQL("SELECT id FROM catalog_title WHERE year = %s", [YEAR])
    query = compile_rows(Title.objects.filter(year=YEAR, pk__in=again).order_by("pk"), ("slug",))

    assert _first(query.rows({YEAR: 2001})) == ["title-1", "title-3"]


def test_a_list_and_a_page_keep_their_values_apart(titles):
    ids = [title.pk for title in titles]
    query = compile_rows(Title.objects.filter(pk__in=IDS.times(5)).order_by("-pk"), ("id",))

    # Equal values, and a place in the list that is not the order of the rows.
    first = query.page(0, 2, {IDS: ids})
    second = query.page(2, 2, {IDS: [ids[4], ids[4], ids[0], ids[1], ids[4]]})

    assert (_first(first), _first(second)) == ([ids[4], ids[3]], [ids[0]])


def test_a_list_stands_for_a_foreign_key_too(titles):
    genre = Category.objects.create(slug="action", name={"en": "Action"})
    for title in titles[:3]:
        title.categories.add(genre)
    links = Category.title_set.through.objects.filter(title__in=IDS.times(2))
    query = compile_rows(links.order_by("title_id"), ("title_id",))

    assert _first(query.rows({IDS: [titles[1].pk, titles[4].pk]})) == [titles[1].pk]


def test_a_list_of_nothing_finds_nothing(titles):
    query = compile_rows(Title.objects.filter(pk__in=IDS.times(0)), ("id",))

    assert query.page(0, 5, {IDS: []}) == []


def test_a_placeholder_survives_a_subquery_whose_tables_are_renamed(titles):
    same_year = Title.objects.filter(slug=WORD, year=OuterRef("year"))
    query = compile_rows(
        Title.objects.filter(Exists(same_year)).exclude(slug=WORD).order_by("pk"), ("slug",)
    )

    assert _first(query.rows({WORD: "title-0"})) == ["title-2", "title-4"]


def test_a_value_that_is_left_out_is_a_mistake(titles):
    query = compile_rows(Title.objects.filter(slug=WORD), ("id",))

    with pytest.raises(KeyError):
        query.rows({YEAR: 2001})


def test_a_copy_of_a_placeholder_is_the_placeholder():
    assert copy.copy(WORD) is WORD
    assert copy.deepcopy([WORD]) == [WORD]
    assert Placeholder("word") != WORD
