"""The index of names: what it holds after each change, and what it never lets through."""

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import QuerySet

from catalog.models import Alias, Credit, Person, SearchName, Title
from catalog.search import MAX_RESULTS, search_titles
from catalog.search_grams import SearchGram
from catalog.search_index import reindex_all, reindex_person, reindex_title

pytestmark = pytest.mark.django_db


def make_title(name: str, *, moderation: str = "approved", **fields: Any) -> Title:
    title = Title.objects.create(name=name, kind="manga", moderation=moderation, **fields)
    reindex_title(title.id)
    return title


def approved() -> QuerySet[Title]:
    return Title.objects.filter(moderation="approved")


def found(query: str, among: QuerySet[Title] | None = None) -> list[int]:
    return search_titles(query, among=approved() if among is None else among)


def test_hidden_titles_take_no_place_of_visible_ones(monkeypatch):
    monkeypatch.setattr("catalog.search._COMMON", 20)
    for number in range(60):
        make_title(f"Dragon {number:02}", moderation="unlisted")
    shown = make_title("Last Dragon Rider")

    assert found("dragon") == [shown.id]
    assert found("dragno rider") == [shown.id]
    assert found("dr") == [shown.id]


def test_at_most_so_many_are_found():
    Title.objects.bulk_create(
        Title(name=f"Girl {number}", kind="manga", moderation="approved")
        for number in range(MAX_RESULTS + 20)
    )
    reindex_all()

    assert len(found("girl")) == MAX_RESULTS
    assert len(set(found("girl"))) == MAX_RESULTS
    assert len(found("g")) == MAX_RESULTS


def test_searching_among_nothing_finds_nothing():
    make_title("Naruto")

    assert found("naruto", among=Title.objects.none()) == []


def test_a_changed_name_is_found_by_the_new_one_only():
    title = make_title("Wrong Beginnings")
    title.name = "Right Conclusion"
    title.save(update_fields=["name"])

    reindex_title(title.id)

    assert found("conclusion") == [title.id]
    assert found("beginnings") == []


def test_reindexing_again_changes_nothing():
    title = make_title("Naruto", original_name="ナルト")
    before = set(SearchName.objects.values_list("id", "folded", "source"))

    reindex_title(title.id)
    reindex_all()

    assert set(SearchName.objects.values_list("id", "folded", "source")) == before


def test_one_folded_name_is_kept_once_for_each_title():
    title = make_title("Наруто", original_name="Naruto")
    Alias.objects.create(subject=title, name="NARUTO!!")

    reindex_title(title.id)

    assert list(SearchName.objects.values_list("folded", "source")) == [("naruto", "name")]


def test_a_persons_titles_follow_the_persons_names():
    titles = [make_title("Alpha"), make_title("Omega")]
    person = Person.objects.create(name="Somebody", slug="somebody")
    for title in titles:
        Credit.objects.create(title=title, person=person, role="author")
        Credit.objects.create(title=title, person=person, role="artist")
    Alias.objects.create(subject=person, name="尾田")

    reindex_person(person.id)

    assert found("somebody") == found("尾田") == [title.id for title in titles]


def test_an_alias_of_a_person_with_a_titles_id_is_not_the_titles():
    title = make_title("Alpha")
    Alias.objects.create(
        content_type=ContentType.objects.get_for_model(Person),
        object_id=title.id,
        name="Elsewhere",
    )

    reindex_title(title.id)

    assert found("elsewhere") == []


def test_reindexing_costs_the_same_for_one_and_for_many(django_assert_max_num_queries):
    for number in range(40):
        title = make_title(f"Title {number}", original_name=f"タイトル{number}")
        Alias.objects.create(subject=title, name=f"Another {number}")

    with django_assert_max_num_queries(16):
        reindex_all()


def test_a_deleted_title_leaves_nothing_in_the_index():
    title = make_title("Naruto")

    title.delete()

    assert not SearchName.objects.exists()
    assert not SearchGram.objects.exists()


def test_a_title_that_is_gone_is_reindexed_to_nothing():
    reindex_title(987_654)
    reindex_person(987_654)

    assert not SearchName.objects.exists()


def test_the_beginnings_of_names_are_read_from_an_index():
    collation = {"sqlite": "BINARY", "postgresql": '"C"'}[connection.vendor]
    column = f"folded COLLATE {collation}"
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[connection.vendor]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"{explain} SELECT folded FROM catalog_searchname"
            f" WHERE {column} >= 'na' AND {column} < 'nb' ORDER BY {column}, id LIMIT 9"
        )
        plan = str(cursor.fetchall())

    assert "search_name_folded" in plan
    assert "SORT" not in plan.upper()
