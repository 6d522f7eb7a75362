"""Parameters in a query string: what is taken, what is refused, and in which words."""

import pytest
from django.http import QueryDict
from django.utils.translation import override
from rest_framework import serializers

from common.http.errors import Invalid
from common.http.queries import Paging, RepeatedField, parse_query

DEFAULTS = {"page": 1, "page_size": 24, "word": (), "number": ()}


class ShelfQuery(Paging):
    word = RepeatedField(child=serializers.ChoiceField(["red", "blue"]), max_length=2)
    number = RepeatedField(child=serializers.IntegerField(min_value=0), max_length=3)


def parse(text):
    return parse_query(ShelfQuery, QueryDict(text))


def refused(text):
    with pytest.raises(Invalid) as caught:
        parse(text)
    return caught.value.body()


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("", {}),
        ("page=&word=&number=", {}),
        ("page=3&page_size=100", {"page": 3, "page_size": 100}),
        ("page=3&page=4", {"page": 4}),
        ("word=blue&word=red&word=blue&word=", {"word": ["blue", "red"]}),
        ("number=1&number=1&number=2&number=2&number=3", {"number": [1, 2, 3]}),
        # Neither ours nor DRF's ways to write a list in a form.
        ("colour=red&word[0]=red&word[]=red&x=%00", {}),
    ],
)
def test_what_is_given_is_taken(text, changes):
    assert parse(text) == DEFAULTS | changes


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("page=0", {"page": ["Ensure this value is greater than or equal to 1."]}),
        ("page=10001", {"page": ["Ensure this value is less than or equal to 10000."]}),
        ("page=two", {"page": ["A valid integer is required."]}),
        ("page=" + "9" * 5000, {"page": ["String value too large."]}),
        ("word=green", {"word": ['"green" is not a valid choice.']}),
        (
            "word=green&word=red&number=x",
            {
                "word": ['"green" is not a valid choice.'],
                "number": ["A valid integer is required."],
            },
        ),
        ("word=a&word=b&word=c", {"word": ["At most 2 of these at once."]}),
        ("number=%00", {"number": ["A valid integer is required."]}),
    ],
)
def test_what_cannot_be_taken_is_told_by_parameter(text, fields):
    body = refused(text)

    assert (body["code"], body["fields"]) == ("invalid", fields)
    assert body["detail"] == next(iter(fields.values()))[0]


@pytest.mark.parametrize("text", ["page=0", "page_size=101", "number=-1", "word=1&word=2&word=3"])
def test_everybody_is_refused_in_their_own_language_whoever_was_before(text):
    told = {}
    for language in ("en", "ru", "ky", "en"):
        with override(language):
            told[language] = refused(text)["detail"]

    assert len({*told.values()}) == 3
    assert told["en"].isascii()
