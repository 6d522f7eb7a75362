"""User names: what they are made of, and when two are one."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.usernames import MAX_LENGTH, clean_username, is_reserved, name_key


def code_of(username: str) -> str:
    with pytest.raises(ValidationError) as refused:
        clean_username(username)
    assert len(refused.value.messages) == 1
    return str(refused.value.code)


@pytest.mark.parametrize(
    "username",
    [
        "Aigerim", "Айгерим", "Өмүрбек", "Жаңыл", "ali", "Ali_2.0", "a-b-c", "Zoë", "Łukasz",
        "Γιώργος", "さくら", "山田カナ", "서연아", "Նարեկ", "123", "Ёлка", "badminton", "Nguyễn",
        "mali",
    ],
)  # fmt: skip
def test_names_of_many_alphabets_are_taken(username):
    assert name_key(clean_username(username)) == name_key(username)


@pytest.mark.parametrize(
    ("username", "code"),
    [
        ("", "length"), ("ab", "length"), ("a" * 31, "length"), ("ﷺﷺ", "space"),
        ("has space", "space"), ("a\u2003b", "space"), ("a\u00a0bc", "space"),
        ("a\0b", "invisible"), ("a\u200bbc", "invisible"), ("a\u202ebc", "invisible"),
        ("a\u2066bc", "invisible"), ("ab\ufeffc", "invisible"), ("abc\U000e0041", "invisible"),
        ("a\ud800b", "invisible"), ("abc\ue000", "invisible"), ("a\u2028bc", "invisible"),
        ("bq\u0301x", "combining"), ("ab\u20ddc", "combining"), ("abc\u034f", "combining"),
        ("abc\u0663", "digits"),
        ("a+b", "characters"), ("a@b.c", "characters"), ("a/b", "characters"),
        ("cat🐈", "characters"), ("a\u02bcbc", "characters"), ("abɑ", "characters"),
        ("\u3164\u3164\u3164", "characters"), ("ᎪᎵᎢᎪ", "characters"), ("abcǃ", "characters"),
        ("pаypal", "scripts"), ("Aйгерим", "scripts"), ("ΑΒcd", "scripts"),
        ("サクラsan", "scripts"),
        (".abc", "punctuation"), ("abc-", "punctuation"), ("a..b", "punctuation"),
        ("a._b", "punctuation"), ("___", "punctuation"),
    ],
)  # fmt: skip
def test_what_is_no_name_is_told_why(username, code):
    assert code_of(username) == code


@pytest.mark.parametrize(
    "username",
    [
        "admin", "Admin", "ADMIN", "админ", "4dm1n", "adm1n", "Admın", "a.d.m.i.n",
        "admin1", "007admin", "site-admin", "the_admin_42", "adminaida", "superadmin", "addmiinn",
        "adrnin", "m0derator", "MODERATOR", "модератор", "М0дерат0р", "адм1н",
        "mod", "mod_mo", "support", "5upp0rt", "tech.support", "MangaKG", "mangakg_news", "m4ng4kg",
        "rnangakg", "ａｄｍｉｎ", "ádmin", "root", "r00t", "api", "арі", "deleted", "deleted-user",
        "system", "5y5tem", "өчүрүлгөн", "колдоо", "поддержка",
    ],
)  # fmt: skip
def test_reserved_names_are_refused(username):
    assert code_of(username) == "reserved"
    assert clean_username(username, may_be_reserved=True)


@pytest.mark.parametrize("username", ["badminton", "supporter", "modest", "Ali", "Mali", "rootsy"])
def test_names_that_only_look_a_bit_like_it_are_free(username):
    assert not is_reserved(username)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ace", "асе"), ("ACE", "асе"), ("Aigerim", "aigerim"), ("АЛИЯ", "алия"), ("ＡＣＥ", "ace"),
        ("paypal", "PaypaI"), ("al1ce", "alice"), ("b0ris", "boris"), ("modern", "modem"),
        ("vvin", "win"), ("ВОТ", "BOT"), ("КОТ", "KOT"), ("НОТА", "hota"), ("үра", "ура"),
        ("ооо", "000"), ("Ёж1", "ёжl"), ("Straße", "STRASSE"), ("İpek", "ipek"),
        ("ıpek", "ipek"), ("νοτ", "vot"), ("ソロロ", "ソ口口"), ("cafe\u0301", "café"),
    ],
)  # fmt: skip
def test_look_alikes_are_one_name(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("омур", "өмүр"), ("жаны", "жаңы"), ("cafe", "café"), ("а.б.в", "абв"), ("мир", "мйр"),
        ("anna", "ana"), ("Кут", "кыт"), ("a_b", "a-b"),
    ],
)  # fmt: skip
def test_what_people_tell_apart_are_two(one, other):
    assert name_key(one) != name_key(other)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_is_refused(username):
    try:
        kept = clean_username(username)
    except ValidationError:
        return

    assert clean_username(kept) == kept
    assert 3 <= len(kept) <= MAX_LENGTH
    assert unicodedata.is_normalized("NFKC", kept)
    assert all(letter.isalnum() or letter in "._-" for letter in kept)


@given(st.text(alphabet=st.characters(categories=["L", "Nd", "Pd", "Pc", "Po"]), min_size=3))
def test_the_key_of_a_name_knows_no_case_and_fits_its_column(username):
    try:
        kept = clean_username(username)
    except ValidationError:
        return

    assert 0 < len(name_key(kept)) <= 120
    assert len({name_key(kept), name_key(kept.lower()), name_key(kept.casefold())}) == 1


@given(st.text())
def test_any_login_has_a_key_that_a_database_can_be_asked_for(login):
    key = name_key(login)

    assert "\0" not in key
    key.encode()
