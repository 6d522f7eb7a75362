"""What a title is called in a language."""

from importlib import import_module

import pytest
from django.apps import apps

from catalog.models import Alias, Title
from catalog.names import name_in, names_by_language
from catalog.search_index import reindex_title
from tests.cast import make_title


@pytest.mark.parametrize(
    ("aliases", "original", "names"),
    [
        ([], ("", ""), {}),
        ([], ("Манас", "ky"), {"ky": "Манас"}),
        ([("Манас", "ky"), ("Чоң Манас", "ky")], ("", ""), {"ky": "Манас"}),
        ([("Манас", "KY "), ("Manas", "en")], ("Алп Манас", "ky"), {"ky": "Манас", "en": "Manas"}),
        ([("Manas", "pt_BR"), ("Манасчы", "")], ("", "ky"), {"pt-br": "Manas"}),
    ],
)
def test_names_come_from_aliases_then_from_the_original(aliases, original, names):
    name, language = original

    assert names_by_language(aliases, original_name=name, original_language=language) == names


def test_what_has_no_name_in_a_language_has_its_main_one():
    names = {"ky": "Манас"}

    assert [name_in(names, "Manas", language) for language in ("ky", "en")] == ["Манас", "Manas"]


def test_names_follow_aliases_and_the_migration_fills_them(db):
    title = make_title("Manas", original_name="Алп Манас", original_language="ky")
    kept = Title.objects.filter(pk=title.pk).values_list("names", flat=True)
    assert kept.get() == {"ky": "Алп Манас"}

    Alias.objects.create(subject=title, name="Манас", language="ky")
    reindex_title(title.pk)
    assert kept.get() == {"ky": "Манас"}

    Title.objects.update(names={})
    import_module("catalog.migrations.0007_fill_names").fill(apps, None)
    assert kept.get() == {"ky": "Манас"}
