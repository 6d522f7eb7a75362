"""Names are compared, ordered and searched alike on every database, in every alphabet."""

import ast
import random
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models.functions import Length

from catalog.folding import gram_code
from catalog.models import Alias, Credit, Person, SearchGram, SearchName, Title
from catalog.search_index import reindex_all
from common.names import derived_fields, fold_text, order_key
from reader.models import Group
from tests.cast import make_title
from tests.test_guards import sources

ALPHABET = "АБВГДЕЁЖЗИЙКЛМНҢОӨПРСТУҮФХЦЧШЩЪЫЬЭЮЯ"
EDITOR = SimpleNamespace(connection=connection)  # all that the migrations ask of one
IN_ORDER = [
    "★", "007", "10 Dance", "2 Fast", "Ace", "E", "È", "élan", "Even", "G.T.O.", "gtx", "K-ON!",
    "One", "One Piece", "Oneself", "Øre", "Osaka", "Zoo", "аба", "Бөрү", "ёлка", "Жаз", "Калем",
    "Кыз",
    "Наабат", "Ңаң", "Обон", "Өмүр", "Пери", "Уч", "Үй", "Фея", "Яблоко", "ナルト", "鬼",
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Манас", "манас"), ("ТҮН СКАН", "түн скан"), ("Йогурт", "Йогурт"), ("ＡＢＣ", "abc"),
        ("Straße", "STRASSE"), ("a  b", " A B "), ("ΟΔΟΣ", "οδος"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_fold_alike(one, other):
    assert fold_text(one) == fold_text(other)


@pytest.mark.parametrize(("one", "other"), [("C", "K"), ("е", "ё"), ("н", "ң"), ("a", "а")])
def test_other_letters_stay_other_letters(one, other):
    assert fold_text(one) != fold_text(other)


def test_names_are_in_the_order_of_the_kyrgyz_alphabet():
    shuffled = list(ALPHABET.lower() + ALPHABET)
    random.Random(7).shuffle(shuffled)

    in_order = sorted(shuffled, key=lambda letter: (order_key(letter), letter))

    assert "".join(in_order[::2]) == ALPHABET


def test_signs_digits_latin_cyrillic_and_others_follow_each_other():
    shuffled = list(IN_ORDER)
    random.Random(7).shuffle(shuffled)

    assert sorted(shuffled, key=order_key) == IN_ORDER


def test_a_key_fits_an_index_entry_whatever_the_name():
    assert max(len(order_key(name * 300)) for name in "я漢ﷺ\U0001f469é") < 2000


@pytest.mark.django_db
def test_the_database_orders_by_the_key_and_finds_by_the_folded_text():
    shuffled = list(IN_ORDER)
    random.Random(3).shuffle(shuffled)
    Title.objects.bulk_create(Title(name=name, kind="manga") for name in shuffled)
    for name in ("Straße", "ＡＢＣ", "Йод", "Ёж", "ΟΔΟΣ"):
        Person.objects.create(name=name, slug=f"p{len(name.encode())}-{order_key(name).hex()}")

    found = {
        word: Person.objects.filter(name__folded__contains=fold_text(word)).count()
        for word in ("strasse", "abc", "Йод", "ёЖ", "οδοσ", "еж")
    }

    assert list(Title.objects.order_by("name_order").values_list("name", flat=True)) == IN_ORDER
    assert found == {"strasse": 1, "abc": 1, "Йод": 1, "ёЖ": 1, "οδοσ": 1, "еж": 0}


@pytest.mark.django_db
def test_keys_are_written_with_their_row(log_in_admin):
    title = make_title("Аба")
    person = Person.objects.create(name="Аба", slug="aba")

    log_in_admin.post(f"/admin/catalog/person/{person.pk}/change/", {
        "name": "Үсөн", "original_name": "",
        **{f"{prefix}-{name}": "0" for prefix in ("catalog-alias-content_type-object_id", "credits")
           for name in ("TOTAL_FORMS", "INITIAL_FORMS")},
    })  # fmt: skip

    assert bytes(Title.objects.get(pk=title.pk).name_order) == order_key("Аба")
    assert bytes(Person.objects.get(pk=person.pk).name_order) == order_key("Үсөн")


@pytest.fixture
def log_in_admin(client, admin_aida):
    client.force_login(admin_aida)
    return client


@pytest.mark.django_db
def test_an_upgrade_fills_keys_and_the_index_of_names():
    titles = [make_title(name) for name in ("G.T.O.", "★", "Көк бөрү")]
    Alias.objects.create(subject=titles[2], name="C")
    Credit.objects.create(
        title=titles[0], person=Person.objects.create(name="K.O.", slug="ko"), role="author"
    )
    reindex_all()
    wanted = set(SearchName.objects.values_list("title_id", "folded", "source", "spellings"))
    SearchName.objects.filter(folded__in=["gto", "★"]).delete()
    SearchName.objects.update(spellings="")
    stale = SearchName.objects.create(title=titles[0], folded="stale", source="name")
    SearchGram.objects.create(gram=1, name_id=stale.pk)
    Title.objects.update(name_order=b"")
    fill = import_module("catalog.migrations.0005_fill_name_keys_and_spellings")

    for _time in range(2):
        fill.fill_name_keys(apps, EDITOR)
        fill.fill_spellings(apps, EDITOR)

    found = SearchName.objects.values_list("title_id", "folded", "source", "spellings")
    assert set(found) == wanted
    assert not SearchGram.objects.exclude(name_id__in=SearchName.objects.values("pk")).exists()
    assert SearchGram.objects.filter(gram=gram_code("gto")).exists()
    assert not Title.objects.annotate(size=Length("name_order")).filter(size__lt=2).exists()


@pytest.mark.django_db
def test_an_upgrade_numbers_groups_of_one_name():
    names = ["Манас", "МАНАС!", "манас", "Манас (2)"]
    for number, name in enumerate(names):
        Group.objects.create(name=str(number), slug=str(number))
        Group.objects.filter(slug=str(number)).update(**{"name": name})
    fill = import_module("reader.migrations.0008_fill_places_and_group_names")

    for _time in range(2):
        fill.number_groups_of_one_name(apps, EDITOR)
        fill.fill_group_names(apps, EDITOR)

    found = list(Group.objects.order_by("slug").values_list("name", "name_folded"))
    assert [name for name, _folded in found] == ["Манас", "МАНАС!", "манас (2)", "Манас (2) (2)"]
    assert [folded for _name, folded in found] == [fold_text(name) for name, _folded in found]


# --- What is easy to forget -----------------------------------------------------------------------


def test_who_updates_a_name_by_itself_updates_its_keys():
    keys = {
        field.source: {one.name for one in derived_fields(model, field.source)}
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if hasattr(field, "source")
    }
    forgotten = [
        f"{path.name}:{line}"
        for path in sources()
        for line, columns in written_columns(path)
        for name in keys.keys() & columns
        if not keys[name] & columns
    ]

    assert set(keys) == {"name", "username"}
    assert forgotten == []


def written_columns(path: Path) -> Iterator[tuple[int, set[str]]]:
    """The columns that each `update(...)`, `update_fields=[...]` and `bulk_update(...)` names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        lists = [word.value for word in node.keywords if word.arg == "update_fields"]
        if called == "bulk_update":
            lists += node.args[1:]
        names = {one.value for found in lists for one in ast.walk(found)
                 if isinstance(one, ast.Constant)}  # fmt: skip
        if called == "update":
            names |= {word.arg for word in node.keywords}
        yield node.lineno, {str(name) for name in names}


def test_no_page_of_the_admin_searches_by_a_databases_case(rf, admin_user_of_nobody):
    request = rf.get("/")
    request.user = admin_user_of_nobody
    plain = {
        (model._meta.label, field)
        for model, page in admin.site._registry.items()
        for field in page.get_search_fields(request)
        if not field.endswith("__folded__contains")
    }

    assert plain == {
        ("reader.BannedPicture", "sha256__startswith"),
        ("reader.BannedPicture", "=upload__id"),
        ("reader.Page", "=upload__id"),
        ("reader.Page", "=sha256"),
        ("sources.GroupBlock", "=external_id"),
        ("sources.SourceFollow", "=external_id"),
    }


@pytest.fixture
def admin_user_of_nobody():
    from accounts.models import User

    return User(username="nobody", is_superuser=True)


def test_no_page_of_the_admin_sorts_names_by_bytes():
    sorted_by_bytes = [
        (model._meta.label, column)
        for model, page in admin.site._registry.items()
        for column in page.ordering or ()
        if derived_fields(model, column.lstrip("-"))
    ]

    assert sorted_by_bytes == []
