"""What people left behind who are gone, as the admin and the API show it."""

import pytest

from accounts.audit import log_decision
from accounts.leaving import delete_account
from reader.states import UploadState
from safety.admin import cases
from safety.models import Case, Reason
from safety.reports import decide_case, report_thing
from tests.cast import PASSWORD, client_of, make_title, make_upload_row, shown

pytestmark = pytest.mark.django_db


def test_uploads_of_who_left_are_shown_without_a_name(
    uploader_uli, moderator_mo, admin_aida, client
):
    upload = make_upload_row(
        uploader=uploader_uli, series=make_title(), state=UploadState.AWAITING_REVIEW
    )
    log_decision(uploader_uli, action="warn", actor=moderator_mo)
    delete_account(uploader_uli, password=PASSWORD)
    client.force_login(admin_aida)

    assert client_of(moderator_mo).get(f"/api/uploads/{upload.pk}").json()["uploader"] is None
    for page in (
        "/admin/reader/upload/",
        f"/admin/reader/upload/{upload.pk}/review/",
        "/admin/accounts/auditentry/",
        "/admin/accounts/user/",
    ):
        answer = client.get(page)
        text = shown(answer)
        assert (answer.status_code, "uli" in text.split("<main")[-1]) == (200, False), page
    assert "somebody who left" in client.get("/admin/reader/upload/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_act_in_the_moment_in_which_its_moderator_leaves_leads_to_the_login(
    reader_rina, moderator_mo, client, monkeypatch
):
    case = report_thing("title", make_title().pk, reporter=reader_rina, reason=Reason.SPAM)[0].case
    client.force_login(moderator_mo)

    def leave_first(*words, **more):
        delete_account(moderator_mo, password=PASSWORD)
        decide_case(*words, **more)

    monkeypatch.setattr(cases, "decide_case", leave_first)

    answer = client.post(f"/admin/safety/case/{case.pk}/dismiss/")

    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")
    assert Case.objects.get().state == "open"
