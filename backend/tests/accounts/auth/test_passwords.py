"""Passwords: the same whichever way they are typed, and whenever they were hashed."""

import unicodedata
from contextlib import suppress

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.auth.hashers import PasswordHasher
from accounts.auth.login import WrongCredentials, check_login
from accounts.auth.passwords import refuse_weak_password
from accounts.models import User
from common.http.errors import Invalid
from tests.accounts.auth.test_login import HOME

pytestmark = pytest.mark.django_db

# With й, ё and Latin accents; no-break space, wide letters, a ligature.
TYPED = "Өзгөчө-йёжик é ＡＢＣ ﬁ"
FORMS = [unicodedata.normalize(form, TYPED) for form in ("NFC", "NFD", "NFKC", "NFKD")]
ASCII = "felt-rug-shyrdak"


class Cheap(PasswordHasher):
    """Ours, with next to no work."""

    time_cost, memory_cost = 1, 64


@pytest.fixture(autouse=True)
def real_hasher(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Cheap"]


@pytest.fixture
def hashes(monkeypatch):
    """Count what is computed."""
    counted = []
    for name in ("encode", "verify"):
        work = getattr(Argon2PasswordHasher, name)

        def spend(self, *words, work=work):
            counted.append(work.__name__)
            return work(self, *words)

        monkeypatch.setattr(Argon2PasswordHasher, name, spend)
    return counted


@pytest.mark.parametrize("typed", FORMS)
@pytest.mark.parametrize("kept", FORMS)
def test_a_password_is_the_same_in_every_form(kept, typed, reader_rina):
    reader_rina.set_password(kept)
    reader_rina.save(update_fields=["password"])

    assert check_login("rina", typed, client=HOME) == reader_rina


@pytest.mark.parametrize("typed", [TYPED, *FORMS])
def test_a_hash_from_before_still_takes_what_it_was_made_of(typed, reader_rina):
    old = Argon2PasswordHasher()
    old.time_cost, old.memory_cost, old.parallelism = 1, 64, 1
    User.objects.filter(pk=reader_rina.pk).update(password=old.encode(typed, "0123456789abcdef"))

    assert check_login("rina", typed, client=HOME) == reader_rina


def test_another_password_is_wrong_in_every_form(reader_rina):
    reader_rina.set_password(TYPED)
    reader_rina.save(update_fields=["password"])

    for form in FORMS:
        with pytest.raises(WrongCredentials):
            check_login("rina", form + "2", client=HOME)


@pytest.mark.parametrize(("typed", "work"), [(ASCII, 1), (FORMS[1], 2), (TYPED, 2), (FORMS[2], 1)])
def test_the_work_depends_on_what_was_typed_alone(typed, work, reader_rina, hashes):
    by_hand = User.objects.create_user("by_hand")
    by_hand.set_unusable_password()
    by_hand.save(update_fields=["password"])
    reader_rina.set_password(ASCII)
    reader_rina.save(update_fields=["password"])
    spent = {}

    for name in ("rina", "by_hand", "nobody"):
        hashes.clear()
        with suppress(WrongCredentials):
            check_login(name, typed, client=HOME)
        spent[name] = len(hashes)

    assert spent == {"rina": work, "by_hand": work, "nobody": work}


def test_a_common_password_is_no_better_in_wide_letters(reader_rina):
    with pytest.raises(Invalid):
        refuse_weak_password("ｐａｓｓｗｏｒｄ１２３", reader_rina)


def test_a_hash_that_is_renewed_never_brings_an_old_password_back(reader_rina, settings):
    """Somebody logs in with it at the moment in which its owner sets another."""
    settings.PASSWORD_HASHERS = ["accounts.auth.hashers.PasswordHasher", f"{__name__}.Cheap"]
    seen_before = User.objects.get(pk=reader_rina.pk)
    reader_rina.set_password("a-yurt-on-the-jailoo")
    reader_rina.save(update_fields=["password"])
    seen_before.password = Cheap().encode(ASCII, "0123456789abcdef")

    assert seen_before.check_password(ASCII)

    assert User.objects.get(pk=reader_rina.pk).check_password("a-yurt-on-the-jailoo")
