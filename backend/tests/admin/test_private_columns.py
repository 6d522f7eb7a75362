"""What moderators do not learn of people: addresses and passwords, shown or asked for."""

import re

import pytest
from django.urls import reverse

from accounts.models import UploaderRequest
from safety.models import Case
from tests.cast import make_title, make_upload

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
ADDRESS = re.compile(r"[\w.+-]+@example\.test")
PEOPLE = ("/admin/accounts/user/", "/admin/safety/member/")


@pytest.fixture
def house(uploader_uli, outsider_otto, reader_rina, admin_aida):
    """Something of everybody's."""
    upload = make_upload(uploader=uploader_uli, series=make_title("Vagabond"))
    UploaderRequest.objects.create(user=reader_rina)
    outsider_otto.strikes.create(code="symlink", subject="upload:0")
    Case.objects.create(
        subject_type="upload", subject_id=upload.pk, subject_label="Vagabond", subject_url="/",
        accused=uploader_uli,
    )  # fmt: skip
    return upload


def test_no_page_that_a_moderator_can_open_shows_an_address(log_in, moderator_mo, house):
    browser = log_in(moderator_mo)
    # The list of accounts is in no menu of theirs, and open all the same.
    wanted, seen, found = ["/admin/", *PEOPLE], set(), []

    while wanted:
        page = wanted.pop()
        if page in seen:
            continue
        seen.add(page)
        answer = browser.get(page)
        text = answer.content.decode() if "html" in answer.get("Content-Type", "") else ""
        found += [(page, address) for address in ADDRESS.findall(text)]
        wanted += re.findall(r'href="(/admin/[^"#?]*)', text)

    assert found == []
    opened = {re.sub(r"\d+", "N", page) for page in seen}
    assert {*PEOPLE, "/admin/accounts/user/N/change/", "/admin/safety/member/N/change/",
            "/admin/reader/upload/N/review/", "/admin/accounts/auditentry/"} <= opened  # fmt: skip


@pytest.mark.parametrize("page", PEOPLE)
@pytest.mark.parametrize(
    "question",
    ["q=otto%40example", "email__startswith=otto", "email=otto%40example.test",
     "password__startswith=md5", "emailaddress__email__startswith=otto", "o=2&o=-2&email__gt=a"],
)  # fmt: skip
def test_nor_finds_anybody_by_an_address_or_a_password(page, question, log_in, moderator_mo, house):
    answer = log_in(moderator_mo).get(f"{page}?{question}")

    if answer.status_code == 200:
        assert not answer.context["cl"].queryset.exists()
    else:
        assert answer.status_code in (302, 400)


@pytest.mark.parametrize("question", ["q=otto%40example", "email=otto%40example.test"])
def test_an_admin_does(question, log_in, admin_aida, house):
    page = log_in(admin_aida).get(f"{reverse('admin:accounts_user_changelist')}?{question}")

    assert [who.username for who in page.context["cl"].queryset] == ["otto"]
    assert "otto@example.test" in page.content.decode()
