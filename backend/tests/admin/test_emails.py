"""What became of emails, for admins."""

import pytest

from accounts.emails import MAX_ATTEMPTS, queue_email
from accounts.models import OutgoingEmail

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/accounts/outgoingemail/"


def test_an_admin_sees_which_emails_were_given_up_and_why(log_in, admin_aida):
    for name in ("lost", "fine"):
        queue_email("reset", address=f"{name}@example.test", language="en")
    OutgoingEmail.objects.filter(address="lost@example.test").update(
        attempts=MAX_ATTEMPTS, error="SMTPRecipientsRefused: 550 no such mailbox"
    )
    browser = log_in(admin_aida)

    given_up = browser.get(PAGE, {"state": "given_up"}).content.decode()
    waiting = browser.get(PAGE, {"state": "waiting"}).content.decode()

    assert "lost@example.test" in given_up
    assert "550 no such mailbox" in given_up
    assert "fine@example.test" not in given_up
    assert "fine@example.test" in waiting
    assert "lost@example.test" not in waiting


def test_an_email_is_looked_at_and_not_changed(log_in, admin_aida):
    row = queue_email("reset", address="a@example.test", language="en", params={"x": 1})
    browser = log_in(admin_aida)

    page = browser.get(f"{PAGE}{row.pk}/change/")

    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert browser.get(f"{PAGE}add/").status_code == 403
    assert browser.post(f"{PAGE}{row.pk}/delete/", {"post": "yes"}).status_code == 403
