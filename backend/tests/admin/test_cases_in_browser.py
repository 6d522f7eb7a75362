"""From a case to the act in a real browser: by keys, on a phone, with nothing inline."""

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from reader.states import UploadState
from safety.models import Case, MassDeletion, Reason
from safety.reports import report_content
from tests.cast import make_title, make_upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.same_everywhere]


def complain(page: Page, text: str) -> None:
    if "Content" in text:
        page.complaints.append(text)


@pytest.fixture
def desk(chromium, live_server):
    """Return a page of somebody who has logged in; what the console says is in `complaints`."""
    contexts = []

    def log_in(user: User, **options) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        browser = Client()
        browser.force_login(user)
        cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page: Page = context.new_page()
        page.set_default_timeout(30_000)
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda said: complain(page, said.text))
        return page

    yield log_in
    for context in contexts:
        context.close()


@pytest.fixture
def upload(uploader_uli, reader_rina):
    """A live chapter that was reported, and behind it a title."""
    live = make_upload(uploader=uploader_uli, state=UploadState.LIVE)
    report_content("chapter", live.chapter_id, reporter=reader_rina, reason=Reason.ILLEGAL)
    report_content("title", make_title("Other").pk, reporter=reader_rina, reason=Reason.SPAM)
    return live


def test_three_clicks_lead_from_the_badge_to_a_deletion_of_everything(desk, moderator_mo, upload):
    page = desk(moderator_mo)
    page.goto("/admin/")

    page.click("#case-badge")
    page.click("#delete-uploads")
    page.locator("#id_reason").type("Illegal.")
    page.click("#confirm-delete-uploads")

    expect(page.locator("#case")).to_have_attribute(
        "data-case-id", str(Case.objects.get(state="open").pk)
    )
    upload.refresh_from_db()
    assert (upload.state, MassDeletion.objects.count()) == (UploadState.DELETED, 1)
    assert Case.objects.get(state="acted").subject_type == "chapter"
    assert page.complaints == []


def test_keys_take_down_and_go_to_the_next_also_on_a_cyrillic_keyboard(desk, moderator_mo, upload):
    page = desk(moderator_mo)
    page.goto("/admin/safety/case/queue/")

    page.evaluate(
        "dispatchEvent(new KeyboardEvent('keydown', {key: 'е', code: 'KeyT', bubbles: true}))"
    )
    expect(page.locator("#take-down-reason")).to_be_focused()
    page.keyboard.type("Stolen, and drawn by somebody else.")  # emails of the text are no keys
    page.keyboard.press("Control+Enter")
    expect(page.locator(".messagelist")).to_contain_text("Taken down")
    page.wait_for_load_state("load")  # the keys are there once the page's script has run

    upload.refresh_from_db()
    assert upload.state == UploadState.TAKEN_DOWN
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    expect(page.locator("#dismiss-panel")).not_to_have_attribute("open", "")
    page.keyboard.press("d")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#changelist")).to_be_visible()
    assert not Case.objects.filter(state="open").exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_small_phone(scheme, desk, moderator_mo, upload, uploader_uli):
    page = desk(moderator_mo, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    case = Case.objects.filter(state="open").order_by("-is_severe").first()

    for address in (
        "case/", f"case/{case.pk}/change/", "member/", f"member/{uploader_uli.pk}/change/",
        f"member/{uploader_uli.pk}/ban/?case={case.pk}",
    ):  # fmt: skip
        page.goto(f"/admin/safety/{address}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, address
    assert page.complaints == []
