"""The review page in a real browser: its keys, what it loads ahead, and nothing inline."""

import io

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from reader.models import BannedPicture, Upload
from reader.publication.moderation import reject_upload
from reader.states import UploadState
from tests.cast import PASSWORD, make_title, make_upload
from tests.reader.archive_builders import Member, build_zip, make_chapter_zip

STRICT_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.same_everywhere]


@pytest.fixture
def desk(chromium, live_server):
    """Return a page of somebody who has logged in."""
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
        return page

    yield log_in
    for context in contexts:
        context.close()


def with_strict_policy(route: Route) -> None:
    answer = route.fetch(max_redirects=0)
    route.fulfill(
        response=answer, headers={**answer.headers, "content-security-policy": STRICT_POLICY}
    )


@pytest.fixture
def queue(uploader_uli) -> list[Upload]:
    series = make_title("Berserk")
    return [make_upload(uploader=uploader_uli, series=series) for _ in range(3)]


def open_queue(page: Page) -> None:
    page.goto("/admin/reader/upload/review/")
    # Lost by a page load, kept while the script swaps uploads.
    page.evaluate("window.sameDocument = true")


def wait_for_ahead(page: Page, upload: Upload) -> None:
    page.wait_for_function(
        "url => document.documentElement.dataset.ahead === url",
        arg=f"/admin/reader/upload/{upload.pk}/review/",
    )


def shown(page: Page, upload: Upload) -> None:
    expect(page.locator("#review")).to_have_attribute("data-upload-id", str(upload.pk))


def state_of(upload: Upload) -> str:
    return Upload.objects.get(pk=upload.pk).state


def test_a_key_approves_and_the_next_one_was_loaded_already(desk, moderator_mo, queue):
    first, second, third = queue
    page = desk(moderator_mo)
    open_queue(page)
    wait_for_ahead(page, second)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.keyboard.press("a")
    shown(page, second)
    wait_for_ahead(page, third)

    assert state_of(first) == UploadState.PUBLISHING
    assert page.evaluate("window.sameDocument")
    assert page.url.endswith(f"/{second.pk}/review/")
    assert not [url for url in asked if url.endswith(f"/{second.pk}/review/")]
    expect(page.locator("#waiting-badge b")).to_have_text("2")

    page.keyboard.press("u")
    shown(page, first)
    assert state_of(first) == UploadState.AWAITING_REVIEW
    expect(page.locator("#waiting-badge b")).to_have_text("3")


def test_a_rejection_takes_a_reason_by_its_number(desk, moderator_mo, queue):
    first, second, _third = queue
    page = desk(moderator_mo)
    open_queue(page)

    page.keyboard.press("r")
    page.keyboard.press("2")
    expect(page.locator("#reason")).to_have_value("Pages are missing or in the wrong order.")
    page.locator("#reason").press("End")
    page.locator("#reason").type(" See page 2: a gap, and another.")
    page.keyboard.press("Control+Enter")
    shown(page, second)

    first.refresh_from_db()
    assert first.state == UploadState.REJECTED
    assert first.reason == (
        "Pages are missing or in the wrong order. See page 2: a gap, and another."
    )


def test_keys_walk_the_pages_also_on_a_cyrillic_keyboard(desk, moderator_mo, queue):
    page = desk(moderator_mo)
    open_queue(page)

    page.keyboard.press("j")
    expect(page.locator("#page-now")).to_have_text("2")
    page.evaluate(
        "dispatchEvent(new KeyboardEvent('keydown', {key: 'л', code: 'KeyK', bubbles: true}))"
    )
    expect(page.locator("#page-now")).to_have_text("1")


def test_a_transparent_page_is_looked_at_on_white_paper(desk, moderator_mo, uploader_uli):
    clear = io.BytesIO()
    Image.new("RGBA", (120, 170), (0, 0, 0, 0)).save(clear, "PNG")
    archive = build_zip([Member("1.png", clear.getvalue())])
    make_upload(uploader=uploader_uli, archive=archive)
    page = desk(moderator_mo, color_scheme="dark")

    open_queue(page)
    picture = page.locator(".strip img")
    # By a function: an expression that has to wait is evaluated again, which the policy forbids.
    page.wait_for_function("() => document.querySelector('.strip img')?.complete")

    with Image.open(io.BytesIO(picture.screenshot())) as shown:
        middle = shown.convert("RGB").crop((30, 60, 90, 110))
    assert middle.getextrema() == ((255, 255),) * 3


def test_a_moderator_logs_in_and_starts(desk, chromium, live_server, moderator_mo, queue):
    page = chromium.new_context(base_url=live_server.url).new_page()
    page.goto("/admin/reader/upload/review/")
    page.fill("#id_username", "mo@example.test")
    page.fill("#id_password", PASSWORD)
    page.click("#login-form input[type=submit]")

    shown(page, queue[0])


def test_help_opens_and_closes(desk, moderator_mo, queue):
    page = desk(moderator_mo)
    open_queue(page)

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")

    expect(page.locator("#keys")).to_be_hidden()
    assert state_of(queue[0]) == UploadState.AWAITING_REVIEW


def test_next_leaves_the_upload_undecided_and_back_returns(desk, moderator_mo, queue):
    first, second, _third = queue
    page = desk(moderator_mo)
    open_queue(page)

    page.keyboard.press("n")
    shown(page, second)
    page.go_back()

    shown(page, first)
    assert state_of(first) == UploadState.AWAITING_REVIEW


def test_of_two_at_once_the_second_is_told_and_goes_on(desk, moderator_mo, moderator_max, queue):
    first, second, _third = queue
    mo, other = desk(moderator_mo), desk(moderator_max)
    open_queue(mo)
    open_queue(other)

    mo.keyboard.press("a")
    shown(mo, second)
    other.keyboard.press("a")

    shown(other, second)
    expect(other.locator("#toast")).to_contain_text("Somebody else was first")
    assert Upload.objects.get(pk=first.pk).decided_by == moderator_mo
    assert state_of(second) == UploadState.AWAITING_REVIEW


def test_selected_pages_go_and_the_upload_stays_in_sight(desk, moderator_mo, queue):
    first = queue[0]
    page = desk(moderator_mo)
    open_queue(page)

    page.keyboard.press("x")
    page.click("#delete-pages")

    expect(page.locator("#strip > .page")).to_have_count(2)
    shown(page, first)
    assert list(first.pages.values_list("number", flat=True)) == [1, 2]


def test_after_the_last_one_the_queue_is_empty(desk, moderator_mo, uploader_uli):
    make_upload(uploader=uploader_uli)
    page = desk(moderator_mo)
    open_queue(page)

    page.keyboard.press("a")

    expect(page.locator("#nothing-waits")).to_be_visible()


def test_it_works_on_a_phone(desk, moderator_mo, queue):
    page = desk(moderator_mo, viewport={"width": 360, "height": 740}, has_touch=True)
    open_queue(page)

    page.tap("#approve")
    shown(page, queue[1])
    width = page.evaluate("document.documentElement.scrollWidth")

    assert width == 360


def test_no_page_needs_anything_inline(desk, admin_aida, queue):
    page = desk(admin_aida)
    page.route("**/admin/**", with_strict_policy)
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if "Content Security" in message.text else None
        ),
    )
    series = queue[0].chapter.series

    for address in (
        "/admin/",
        "/admin/reader/upload/",
        "/admin/reader/upload/add/",
        f"/admin/reader/upload/{queue[0].pk}/review/",
        f"/admin/reader/series/{series.pk}/change/",
        "/admin/catalog/author/add/",
        "/admin/accounts/user/",
        f"/admin/accounts/user/{admin_aida.pk}/change/",
        "/admin/accounts/auditentry/",
    ):
        page.goto(address, wait_until="load")

    assert complaints == []


def test_the_language_is_switched_in_place(desk, moderator_mo, queue):
    page = desk(moderator_mo)
    page.goto("/admin/reader/upload/")

    page.click("#user-menu > summary")
    page.click("#language-form button[value=ru]")

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert page.url.endswith("/admin/reader/upload/")


def test_a_banned_picture_is_approved_with_its_box_only(desk, moderator_mo, outsider_otto, queue):
    archive = make_chapter_zip(3, seed=71)
    bad, copy = (make_upload(uploader=outsider_otto, archive=archive) for _number in range(2))
    reject_upload(bad, moderator=moderator_mo, reason="Gore.", ban=[2])
    page = desk(moderator_mo)
    page.goto(f"/admin/reader/upload/{copy.pk}/review/")

    page.keyboard.press("a")
    expect(page.locator("#approve-form input:invalid")).to_have_count(1)
    assert state_of(copy) == UploadState.AWAITING_REVIEW
    page.locator("#approve-form input[name=despite_banned]").check()
    page.locator("#approve").click()

    shown(page, queue[0])
    assert state_of(copy) == UploadState.PUBLISHING


def test_a_rejection_bans_the_selected_pages(desk, moderator_mo, queue):
    first, second, _third = queue
    page = desk(moderator_mo)
    open_queue(page)
    wait_for_ahead(page, second)

    page.locator("#page-2 input[name=page]").check()
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    page.locator("#reason").fill("Gore.")
    page.locator("#reject-form input[name=ban]").check()
    page.locator("#reject-confirm").click()

    shown(page, second)
    assert state_of(first) == UploadState.REJECTED
    assert list(BannedPicture.objects.values_list("upload", "page_number")) == [(first.pk, 2)]
