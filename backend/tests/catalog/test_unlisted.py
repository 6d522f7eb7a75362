"""Unlisted titles: made from a bare name, and seen by nobody but those who hold them."""

import pytest
from django.core.files.base import ContentFile
from django.db.models import Q

import catalog.models
from catalog.choices import Kind, Moderation
from catalog.models import Title
from catalog.search import search_titles
from catalog.unlisted import make_private_title
from common.http.errors import Invalid
from common.personal_data import participants
from reader.intake.uploads import Submission, submit_upload
from tests.cast import client_of, make_title

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


def test_a_bare_name_makes_one_private_title(reader_rina, outsider_otto, moderator_mo):
    title = make_private_title(kind=Kind.MOVIE, name="  Ак  кеме ", owner=reader_rina)
    again = make_private_title(kind=Kind.MOVIE, name="АК КЕМЕ", owner=reader_rina)
    others = make_private_title(kind=Kind.MOVIE, name="Ак кеме", owner=outsider_otto)
    show = make_private_title(kind=Kind.SHOW, name="Ак кеме", owner=reader_rina)

    assert (title.name, title.moderation, title.slug) == ("Ак кеме", Moderation.UNLISTED, None)
    assert again == title
    assert len({title, others, show}) == 3
    path = f"/api/titles/p-{title.pk}"
    seen = {user: client_of(user).get(path).status_code for user in (reader_rina, moderator_mo)}
    assert set(seen.values()) == {200}
    assert [client_of(user).get(path).status_code for user in (None, outsider_otto)] == [404, 404]


def test_an_unlisted_title_is_found_only_among_what_one_may_see(reader_rina, outsider_otto):
    title = make_private_title(kind=Kind.MOVIE, name="Ак кеме", owner=reader_rina)
    public = make_title("Ак кеме")

    def found(user):
        return search_titles("ak keme", among=Title.objects.all().visible_to(user))

    assert set(found(reader_rina)) == {title.pk, public.pk}
    assert found(outsider_otto) == [public.pk]
    for path in ("/api/titles", "/api/titles?search=ak+keme", "/api/titles?kind=movie"):
        listed = client_of(reader_rina).get(path).json()["results"]
        assert title.pk not in {row["id"] for row in listed}


def test_who_holds_an_unlisted_title_sees_it_and_no_draft(monkeypatch, reader_rina, moderator_mo):
    """An app above declares what holding is; here it is the year of birth, so to speak."""
    states = (Moderation.UNLISTED, Moderation.DRAFT, Moderation.REJECTED, Moderation.PENDING)
    titles = {
        state: make_title("Held", moderation=state, year=1990, created_by=moderator_mo)
        for state in states
    }
    visible = Title.objects.all().visible_to
    assert not visible(reader_rina)

    monkeypatch.setattr(catalog.models, "_declared_holders", lambda: (lambda _user: Q(year=1990),))

    assert list(visible(reader_rina)) == [titles[Moderation.UNLISTED]]


@pytest.mark.parametrize("name", ["", "  ", "x" * 301])
def test_a_name_that_cannot_be_one_is_refused(reader_rina, name):
    with pytest.raises(Invalid):
        make_private_title(kind=Kind.MOVIE, name=name, owner=reader_rina)


def test_nothing_is_uploaded_to_an_unlisted_title(uploader_uli):
    title = make_private_title(kind=Kind.MANGA, name="Манас", owner=uploader_uli)

    with pytest.raises(Invalid):
        submit_upload(
            title, uploader=uploader_uli, archive=ContentFile(b"zip", name="1.zip"),
            submission=Submission(number=None, language="ky"),
        )  # fmt: skip


def test_a_private_title_goes_with_its_owner_and_a_matched_one_stays(reader_rina, outsider_otto):
    make_private_title(kind=Kind.MOVIE, name="Ак кеме", owner=reader_rina)
    kept = make_private_title(kind=Kind.MOVIE, name="Ак кеме", owner=outsider_otto)
    matched = make_title("Manas", moderation=Moderation.UNLISTED, anilist_id=7)
    Title.objects.filter(pk=matched.pk).update(created_by=reader_rina)

    participants()["titles"].erase(reader_rina.pk)

    assert set(Title.objects.values_list("pk", "created_by")) == {
        (kept.pk, outsider_otto.pk), (matched.pk, None),
    }  # fmt: skip
