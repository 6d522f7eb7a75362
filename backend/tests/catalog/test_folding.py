"""How names are folded, and that the chosen grams find whatever the allowed edits leave."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalog.folding import (
    MAX_FOLDED_CHARS,
    fold_name,
    fold_query,
    gram_code,
    join_initials,
    name_forms,
    name_grams,
)
from catalog.search_terms import Terms, choose_grams

ANY_TEXT = st.text(alphabet=st.characters(), max_size=80)
TRICKY_TEXT = st.text(alphabet="aоouzhpjcksxyw дзжиюяёъь'ー×がｶﾞが́ß한 1", max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Наруто", "naruto"),
        ("Токио", "Tokyo"),
        ("Хайкю!!", "Haikyuu"),
        ("ДжоДжо", "JoJo"),
        ("Жеңиш", "Zhenish"),
        ("Жеңиш", "жениш"),
        ("Көк бөрү", "кок бору"),
        ("Дзюдзюцу", "jujutsu"),
        ("Ёжик", "ежик"),
        ("подъезд", "подезд"),
        ("семья", "семя"),
        ("Щука", "shuka"),
        ("Чыңгыз", "chingiz"),
        ("Эйфель", "Eifel"),
        ("Ван", "wan"),
        ("Макс", "max"),
        ("Shōnen", "shounen"),
        ("ﾅﾙﾄ", "ナルト"),
        ("Ｆｕｌｌ", "FUL"),
        ("Pokémon", "pokemon"),
        ("İstanbul", "istanbul"),
        ("Straße", "strasse"),
        ("Øre", "ore"),
        ("Don't", "don’t"),
        ("SPY×FAMILY", "spy x family"),
        ("나 혼자만 레벨업", "나혼자만레벨업"),
        ("東京 喰種", "東京喰種"),
        ("ガ", "ガ"),
        ("  a \t b\n", "A-B"),
    ],
)
def test_names_that_are_meant_alike_fold_alike(one, other):
    assert fold_name(one) == fold_name(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("か", "が"), ("か", "カ"), ("100", "10"), ("나", "너"), ("jojo", "zozo"), ("ao", "a o")],
)
def test_names_that_differ_stay_different(one, other):
    assert fold_name(one) != fold_name(other)


@pytest.mark.parametrize("text", ["", " ", "!?…", "_%*", "\x00", "\ud800", "★☆", "'"])
def test_what_holds_no_letter_folds_to_nothing(text):
    assert fold_name(text) == ""


@given(ANY_TEXT | TRICKY_TEXT)
def test_folding_twice_changes_nothing(text):
    folded = fold_name(text)

    assert fold_name(folded) == folded
    assert len(folded) <= MAX_FOLDED_CHARS
    folded.encode()


@pytest.mark.parametrize("text", ["я" * 10**6, "ﷺ" * 10**5, "a\u0301" * 10**5, "漢 " * 10**5])
def test_folding_is_bounded(text):
    folded = fold_name(text)

    assert 0 < len(folded) <= MAX_FOLDED_CHARS
    assert fold_name(folded) == folded


@pytest.mark.parametrize("name", ["Shingeki no Kyojin", "Ванпанчмен", "進撃の巨人", "Xylon"])
def test_what_is_typed_so_far_is_the_beginning_of_the_folded_name(name):
    folded = fold_name(name)

    for length in range(1, len(name) + 1):
        assert folded.startswith(fold_name(name[:length]))


def test_codes_of_grams_do_not_collide_and_fit_a_signed_bigint():
    grams = {"ab ", " ab", "abc", "a", "ア", "アa", "aア", "\U0003ffff" * 3, "の刃", "刃の", "zzz"}

    codes = {gram_code(gram) for gram in grams}

    assert len(codes) == len(grams)
    assert all(0 < code < 2**63 for code in codes)


@pytest.mark.parametrize(
    ("name", "joined"),
    [
        ("G.T.O.", "GTO."), ("G. T. O.", "GTO."), ("K-ON!", "KON!"), ("N・H・K ni", "NHK ni"),
        ("M.Ä.R", "MÄR"), ("M.A\u0308.R", "MÄR"), ("L♥DK", "LDK"), ("D.N.Angel", "DNAngel"),
        ("J. R. R. Tolkien", "JRR. Tolkien"), ("A Silent Voice", "A Silent Voice"),
        ("Vitamin C", "Vitamin C"), ("I am a Hero", "I am a Hero"), ("B: The Beginning",) * 2,
        ("One-Punch Man",) * 2, ("3-gatsu",) * 2,
    ],
)  # fmt: skip
def test_letters_that_stand_alone_are_joined(name, joined):
    assert join_initials(name) == joined


@given(ANY_TEXT | TRICKY_TEXT)
def test_every_form_of_a_name_is_found_by_the_name(text):
    forms = name_forms(text)

    assert fold_query(text) == (forms[-1] if forms else "")
    assert all(0 < len(form) <= MAX_FOLDED_CHARS for form in forms)


LETTERS = st.text(alphabet="abdeghiklmnoprstu", min_size=5, max_size=14)


@given(st.lists(LETTERS, min_size=1, max_size=4), st.randoms(use_true_random=False), st.data())
def test_a_name_within_the_edits_has_one_of_the_chosen_grams(words, chance, data):
    name = fold_name(" ".join(words))
    typed = with_edits(name, len(name.replace(" ", "")) // 6, chance)
    assume(fold_name(typed) == typed)  # folded once more it is further away than was typed
    terms = Terms(typed)
    cost = {gram: data.draw(st.integers(0, 500)) for gram in terms.grams}

    chosen = choose_grams(terms, cost)

    assert set(chosen) & name_grams(name)


def with_edits(name, count, chance: random.Random):
    """`name` with letters changed, left out or put in; never more than its query is allowed."""
    for _ in range(count):
        place = chance.randrange(len(name))
        if name[place] != " ":
            changed = chance.choice(["", "z", f"{name[place]}z"])
            name = name[:place] + changed + name[place + 1 :]
    return name
