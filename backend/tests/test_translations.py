"""Tests that every text is translated into every language."""

import pytest

from tests.translations import LANGUAGES, texts_of, untranslated, words_of_two_scripts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    assert untranslated(language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_mixes_two_scripts(language):
    found = [word for text in texts_of(language) for word in words_of_two_scripts(text)]

    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Жаңы \N{LATIN SMALL LETTER C}өз", ["\N{LATIN SMALL LETTER C}өз"]),
        ("Жаңы сөз, API-ачкыч, 2FAS, zip файл", []),
        ("%(count)dнын {amount}дан %sга", []),
    ],
)
def test_a_word_of_two_scripts_is_found_and_a_place_is_no_word(text, found):
    assert words_of_two_scripts(text) == found
