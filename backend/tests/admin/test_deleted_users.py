"""What people left behind who are gone, as the admin and the API show it."""

import pytest
from django.test import Client

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from accounts.profile.account_deletion import delete_account
from accounts.roles.bans import ban_user
from accounts.roles.staff import record_account_edit
from mangakg.admin_site import MangaAdminSite
from reader.states import UploadState
from safety.admin import cases
from safety.models import Case, Reason
from safety.reports import decide_case, report_content
from tests.cast import PASSWORD, client_of, make_title, make_upload_row, shown

pytestmark = pytest.mark.django_db


def test_uploads_of_who_left_are_shown_without_a_name(
    uploader_uli, moderator_mo, admin_aida, client
):
    upload = make_upload_row(
        uploader=uploader_uli, series=make_title(), state=UploadState.AWAITING_REVIEW
    )
    with acting(moderator_mo):
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
    case = report_content("title", make_title().pk, reporter=reader_rina, reason=Reason.SPAM)[
        0
    ].case
    client.force_login(moderator_mo)

    def leave_first(*words, **more):
        delete_account(moderator_mo, password=PASSWORD)
        decide_case(*words, **more)

    monkeypatch.setattr(cases, "decide_case", leave_first)

    answer = client.post(f"/admin/safety/case/{case.pk}/dismiss/")

    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")
    assert Case.objects.get().state == "open"


def ban_by_aida(moderator):
    ban_user(
        User.objects.get(pk=moderator.pk),
        moderator=User.objects.get(username="aida"),
        reason="Stolen account.",
    )


def demote(moderator):
    now = User.objects.get(pk=moderator.pk)
    now.groups.clear()
    admin = User.objects.get(username="aida")
    record_account_edit(now, admin=admin, changed=["groups"], roles_before=["moderator"])


@pytest.fixture
def waiting(uploader_uli):
    return make_upload_row(
        uploader=uploader_uli, series=make_title(), state=UploadState.AWAITING_REVIEW
    )


@pytest.mark.usefixtures("admin_aida")
@pytest.mark.parametrize("lose_authority", [ban_by_aida, demote])
@pytest.mark.parametrize("act", ["approve", "edit"])
def test_a_moderator_who_is_out_while_the_form_was_sent_decides_nothing(
    act, lose_authority, waiting, moderator_mo, monkeypatch
):
    """Pages that tell a refusal in words, and those that leave it to Django, alike."""
    client = Client()
    client.force_login(moderator_mo)
    page = {
        "approve": f"/admin/reader/upload/{waiting.pk}/approve/",
        "edit": f"/admin/reader/chapter/{waiting.chapter_id}/change/",
    }[act]
    may_enter, still_to_come = MangaAdminSite.has_permission, [lose_authority]

    def let_in(site, request):
        is_in = may_enter(site, request)
        # Rights are looked up with the headers, too.
        if is_in and request.user.has_perm("reader.moderate_upload") and still_to_come:
            still_to_come.pop()(moderator_mo)
        return is_in

    monkeypatch.setattr(MangaAdminSite, "has_permission", let_in)

    answer = client.post(page, {"title": "Mine now"})

    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.chapter.title) == (UploadState.AWAITING_REVIEW, "")
