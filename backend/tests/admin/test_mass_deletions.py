"""Deletions of all uploads of somebody: the list, the page of one, and its undo."""

import pytest

from accounts.profile.account_deletion import delete_account
from safety.mass_deletion import delete_all_uploads
from safety.models import MassDeletion
from tests.cast import PASSWORD, make_title, make_upload, make_upload_row, make_user

pytestmark = pytest.mark.django_db(transaction=True)

DELETIONS = "/admin/safety/massdeletion/"


def delete_all_of(who, moderator) -> MassDeletion:
    make_upload_row(uploader=who, series=make_title())
    return delete_all_uploads(who, moderator=moderator, reason="Malware.")


def page_of(deletion: MassDeletion) -> str:
    return f"{DELETIONS}{deletion.pk}/change/"


def undo_of(deletion: MassDeletion) -> str:
    return f"{DELETIONS}{deletion.pk}/undo/"


def test_the_list_shows_the_newest_first_and_can_be_narrowed(log_in, moderator_mo, uploader_uli):
    first, second, third = (delete_all_of(uploader_uli, moderator_mo) for _time in range(3))
    browser = log_in(moderator_mo)
    browser.post(undo_of(first))
    MassDeletion.objects.filter(pk=second.pk).update(undo_until=second.created_at)

    def found(query: str = "") -> list[int]:
        rows = browser.get(f"{DELETIONS}?{query}").context["cl"].queryset
        return [deletion.pk for deletion in rows]

    assert found() == [third.pk, second.pk, first.pk]
    assert (found("undo=open"), found("undo=done"), found("undo=over")) == (
        [third.pk], [first.pk], [second.pk],
    )  # fmt: skip
    assert found("q=ul") == found()
    assert found("q=otto") == []


def test_it_can_be_undone_after_the_person_has_left(log_in, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="live")
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    delete_account(uploader_uli, password=PASSWORD)
    browser = log_in(moderator_mo)

    listed = browser.get(DELETIONS).content.decode()
    page = browser.get(page_of(deletion)).content.decode()
    answer = browser.post(undo_of(deletion), follow=True)

    assert "somebody who left" in listed
    assert f'data-undo="{deletion.pk}"' in page
    assert "Malware." in page
    upload.refresh_from_db()
    assert upload.state == "publishing"
    assert answer.redirect_chain[-1][0] == page_of(deletion)
    assert "Restored: 1." in answer.content.decode()
    assert "data-undo" not in answer.content.decode()


def test_an_undo_leads_to_the_person_and_happens_once(log_in, moderator_mo, uploader_uli):
    deletion = delete_all_of(uploader_uli, moderator_mo)
    browser = log_in(moderator_mo)

    first = browser.post(undo_of(deletion))
    second = browser.post(undo_of(deletion), follow=True).content.decode()

    assert first["Location"] == f"/admin/safety/member/{uploader_uli.pk}/change/"
    assert "undone already" in second


def test_only_an_admin_undoes_what_befell_a_moderator(
    log_in, moderator_mo, moderator_max, admin_aida
):
    deletion = delete_all_of(moderator_max, admin_aida)

    for who in (moderator_mo, moderator_max):
        browser = log_in(who)
        assert "data-undo" not in browser.get(page_of(deletion)).content.decode()
        browser.post(undo_of(deletion))
        deletion.refresh_from_db()
        assert deletion.undone_at is None

    log_in(admin_aida).post(undo_of(deletion))
    deletion.refresh_from_db()
    assert deletion.undone_by == admin_aida


def test_what_is_not_there_is_not_undone(log_in, moderator_mo):
    assert log_in(moderator_mo).post(f"{DELETIONS}1/undo/").status_code == 404


def test_the_list_takes_as_many_queries_for_many_as_for_one(log_in, moderator_mo, admin_aida):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = log_in(moderator_mo)

    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(DELETIONS)
        return len(queries)

    delete_all_of(make_user("first"), admin_aida)
    count_queries()
    before = count_queries()
    for number in range(4):
        delete_all_of(make_user(f"more{number}"), admin_aida)

    assert count_queries() == before
