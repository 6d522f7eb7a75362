"""What other servers say becomes plain values, or nothing."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sources.cleaning import (
    as_list,
    as_map,
    clean_count,
    clean_language,
    clean_moment,
    clean_name,
    clean_number,
    clean_text,
    clean_url,
    clean_words,
    clean_year,
    inside,
)

pytestmark = pytest.mark.same_everywhere


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("  Көк\tбөрү \n жана  мен ", "Көк бөрү жана мен"),
        ("a\x00b\x1bc", "a b c"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("e\u0301", "é"),
        ("क्\u200dष", "क्\u200dष"),  # a joiner changes what is read
        ("\ud800x\ue000", "x"),
        ("x" * 500, "x" * 300),
        (None, ""), (7, ""), (["x"], ""), ({"en": "x"}, ""),
    ],
)  # fmt: skip
def test_a_name_is_one_line_of_letters(said, name):
    assert clean_name(said) == name


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("A.<br>B.<br><br><br><br>C.", "A.\nB.\n\nC."),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<i>soft</i> &amp; <b>hard</b> &lt;3", "soft & hard <3"),
        ("a<script>alert(1)</script>b<style>i{}</style>", "ab"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;safe", "safe"),
        ('<img src=x onerror="alert(1)">ok<a href="javascript:x">link</a>', "oklink"),
        ("open ~!he dies!~ end ~!unclosed", "open end unclosed"),
        ("<span class='markdown_spoiler'><span>he dies</span></span>alive", "alive"),
        ("**Bold** and _soft_ and snake_case\n\n---\n[Site](https://x.example)",
         "Bold and soft and snake_case\n\nSite"),
        ("[b]BB[/b] [spoiler]no[/spoiler]", "BB"),
        ("2 * 3 < 7 and 3 > 1", "2 * 3 < 7 and 3 > 1"),
        ("<" * 20_000, "<" * 10_000), ("~!" * 10_000, ""),
        (None, ""), (5, ""),
    ],
)  # fmt: skip
def test_html_and_markdown_become_plain_text(said, text):
    assert clean_text(said) == text


@pytest.mark.parametrize(
    ("said", "count"),
    [
        (0, 0), (24, 24), ("24", 24), (True, None), (-1, None), (10**30, None), ("9" * 50, None),
        (1.0, None), ("1.5", None), ("", None), ("٢٤", None), (None, None), ([], None),
    ],
)  # fmt: skip
def test_a_count_is_a_whole_number_within_bounds(said, count):
    assert clean_count(said) == count


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("10.5", Decimal("10.5")), ("0", Decimal(0)), (7, Decimal(7)), (1.5, Decimal("1.5")),
        ("1e9", None), ("-1", None), ("10.12345", None), ("99999999", None), ("NaN", None),
        ("12a", None), (None, None), (True, None), (float("inf"), None),
    ],
)  # fmt: skip
def test_a_number_of_a_chapter_fits_its_column(said, number):
    assert clean_number(said) == number


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("https://x.example/a?b=1", True), ("http://x.example:81/", True), ("ftp://x/", False),
        ("javascript:alert(1)", False), ("https://u:p@x.example/", False), ("https:///a", False),
        ("https://x.example/a b", False), ("https://x.example/\n", False), ("https://[::1/", False),
        ("https://x.example:99999/", False), ("https://x.example/" + "a" * 500, False),
        (None, False), ({}, False),
    ],
)  # fmt: skip
def test_an_address_is_http_without_a_user(said, url):
    assert clean_url(said) == (said if url else "")


def test_the_other_leaves():
    assert [clean_year(said) for said in (2019, "2019-04-01", "19", 99999, None)] == [
        2019, 2019, None, None, None,
    ]  # fmt: skip
    assert [clean_language(said) for said in ("pt-BR", "zh_HK", "english!", None, "x" * 50)] == [
        "pt-br", "zh-hk", "", "", "",
    ]  # fmt: skip
    assert clean_moment("2024-01-01T10:00:00+06:00") == datetime(2024, 1, 1, 4, tzinfo=UTC)
    assert [clean_moment(said) for said in ("soon", None, "0001-01-01T00:00:00+23:59")] == [
        None, None, None,
    ]  # fmt: skip
    assert clean_words(["a", "a", "", None, "b"]) == ("a", "b")
    assert (as_map([]), as_list({}), inside({"a": {"b": 1}}, "a", "b"), inside([], "a")) == (
        {}, [], 1, None,
    )  # fmt: skip
