"""Requests to upload, as moderators answer them."""

import pytest

from accounts.models import RequestState, UploaderRequest, User
from accounts.roles.uploader_requests import ask_to_upload
from tests.cast import make_user

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/accounts/uploaderrequest"


def ask(name, text="I translate."):
    return ask_to_upload(make_user(name), text=text)


def test_the_first_page_tells_how_many_ask(log_in, moderator_mo, uploader_uli):
    assert "start-requests" not in log_in(moderator_mo).get("/admin/").content.decode()
    ask("rina")

    page = log_in(moderator_mo).get("/admin/").content.decode()

    assert "<b>1</b> reader asks to upload" in page
    assert f'href="{LIST}/queue/"' in page


def test_one_click_answers_and_the_next_follows(log_in, moderator_mo):
    first, second = ask("rina", "<b>please</b>"), ask("timur")
    browser = log_in(moderator_mo)

    page = browser.get(f"{LIST}/queue/", follow=True)
    granted = browser.post(
        f"{LIST}/{first.pk}/decide/", {"decision": "grant", "answer": "Welcome."}, follow=True
    )
    refused = browser.post(f"{LIST}/{second.pk}/decide/", {"decision": "refuse"}, follow=True)

    assert page.redirect_chain == [(f"{LIST}/{first.pk}/change/", 302)]
    assert "&lt;b&gt;please&lt;/b&gt;" in page.content.decode()
    assert granted.redirect_chain == [(f"{LIST}/{second.pk}/change/", 302)]
    assert refused.redirect_chain == [(f"{LIST}/", 302)]
    states = UploaderRequest.objects.order_by("pk").values_list("state", "answer", "decided_by")
    assert list(states) == [
        ("granted", "Welcome.", moderator_mo.pk), ("refused", "", moderator_mo.pk),
    ]  # fmt: skip
    assert User.objects.get(username="rina").has_perm("reader.submit_upload")


def test_the_second_moderator_is_told(log_in, moderator_mo, moderator_max):
    asked = ask("rina")
    log_in(moderator_mo).post(f"{LIST}/{asked.pk}/decide/", {"decision": "grant"})

    late = log_in(moderator_max).post(
        f"{LIST}/{asked.pk}/decide/", {"decision": "refuse", "answer": "No."}, follow=True
    )

    page = late.content.decode()
    assert "This request has been decided already." in page
    assert 'id="grant"' not in page
    asked.refresh_from_db()
    assert (asked.state, asked.answer) == ("granted", "")


def test_the_list_shows_what_waits_unless_asked_for_more(log_in, moderator_mo):
    waiting, granted = ask("rina"), ask("timur")
    UploaderRequest.objects.filter(pk=granted.pk).update(state=RequestState.GRANTED)
    browser = log_in(moderator_mo)

    def shown(query):
        page = browser.get(f"{LIST}/{query}").content.decode()
        return [one.pk for one in (waiting, granted) if f'data-request-id="{one.pk}"' in page]

    assert shown("") == [waiting.pk]
    assert shown("?state=granted") == [granted.pk]
    assert shown("?state=all") == [waiting.pk, granted.pk]
    assert shown("?q=rin") == [waiting.pk]


def test_nobody_else_decides(log_in, uploader_uli, client):
    asked = ask("rina")
    staff = make_user("helper")
    User.objects.filter(pk=staff.pk).update(is_staff=True)
    path = f"{LIST}/{asked.pk}/decide/"

    answers = [
        browser.post(path, {"decision": "grant"}).status_code
        for browser in (client, log_in(uploader_uli), log_in(User.objects.get(pk=staff.pk)))
    ]

    assert answers == [302, 302, 403]
    assert log_in(User.objects.get(pk=staff.pk)).get(f"{LIST}/queue/").status_code == 403
    asked.refresh_from_db()
    assert asked.state == RequestState.WAITING


def test_a_decision_that_is_none_changes_nothing(log_in, moderator_mo):
    asked = ask("rina")

    log_in(moderator_mo).post(f"{LIST}/{asked.pk}/decide/", {"decision": "perhaps"})

    asked.refresh_from_db()
    assert asked.state == RequestState.WAITING
