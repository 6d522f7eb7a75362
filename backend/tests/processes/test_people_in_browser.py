"""A person's way in a real browser: from registering to a key that outlives every session."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import PASSWORD, totp_code
from tests.processes.breakable import BreakableProxy
from tests.processes.browsing import IN_A_BROWSER, hear_refusals, visit_as
from tests.processes.installation import Installation
from tests.reader.archive_builders import page_bytes
from tests.services import wait_for
from tests.smtp import MailServer, text_of

ADDRESS = "aizada@example.test"
NAME = "aizada.b"
RUSSIAN_FIRST = re.compile(r"^\s*Русский\s+English\s*$")

pytestmark = IN_A_BROWSER


@pytest.fixture
def mailbox(installation: Installation) -> Iterator[MailServer | None]:
    """A mail server in the services profile; the embedded one writes its mails into a folder."""
    if installation.profile == "embedded":
        yield None
        return
    with MailServer() as server:
        installation.extra_env = {
            **installation.extra_env,
            "EMAIL_HOST": server.host,
            "EMAIL_PORT": str(server.port),
            "EMAIL_SECURITY": "none",
        }
        yield server


def emails(installation: Installation, mailbox: MailServer | None) -> list[str]:
    """Return the texts of what was mailed, oldest first."""
    mails = installation.mails() if mailbox is None else mailbox.mails
    return [text_of(mail) for mail in mails if mail["To"] == ADDRESS]


def wait_for_link(installation: Installation, mailbox: MailServer | None, page: str) -> str:
    """Wait for an email with a link to `page` of the web app, and return the link."""

    def found() -> str | None:
        text = "\n".join(emails(installation, mailbox))
        link = re.search(rf"{re.escape(installation.url)}/{page}#\S+", text)
        return link[0] if link else None

    return wait_for(f"an email with a link to /{page}", found, seconds=300)


def fill_login(page: Page) -> None:
    page.get_by_label("Username or e-mail").fill(ADDRESS)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def register(page: Page) -> None:
    page.goto("/register")
    page.get_by_label("Username").fill("a")
    page.get_by_label("E-mail").fill(ADDRESS)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    # What was typed stays, and the error stands at its field, which has the focus.
    name = page.get_by_label("Username")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_value(ADDRESS)
    name.fill(NAME)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_test_id("email-sent")).to_contain_text(ADDRESS)


def prefer_russian(page: Page) -> None:
    """Choose as a guest to read in Russian before English; the server learns it by cookie."""
    page.goto("/settings/reading")
    page.get_by_label("Add a language").select_option("ru")
    page.get_by_role("button", name="Move up: Русский").click()
    languages = page.get_by_test_id("reading-languages")
    expect(languages).to_have_text(RUSSIAN_FIRST)
    # At the end of its way, the focus is on the way back.
    expect(page.get_by_role("button", name="Move down: Русский")).to_be_focused()
    page.reload()
    expect(languages).to_have_text(RUSSIAN_FIRST)
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert "languages=ru%2Cen" in kept["preferences"]


def come_as_new(browser: Browser, installation: Installation, mailbox: MailServer | None) -> Page:
    """Register and confirm."""
    installation.start()
    page = visit_as(browser, installation)
    register(page)
    page.goto(wait_for_link(installation, mailbox, "confirm"))
    expect(page.get_by_test_id("confirm-state")).to_contain_text("is confirmed")
    return page


def switch_on_second_factor(page: Page) -> str:
    """Return the secret, of which this half minute's code is used."""
    page.goto("/settings/security")
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Next").click()
    picture = page.get_by_alt_text("QR code")
    expect(picture).to_be_visible()
    width = "async picture => { await picture.decode(); return picture.naturalWidth; }"
    assert picture.evaluate(width) > 0
    secret = page.get_by_test_id("factor-secret").inner_text().replace(" ", "")
    page.get_by_label("Code from the app").fill(totp_code(secret))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_test_id("recovery-codes").locator("li")).to_have_count(10)
    page.get_by_role("button", name="I have saved it").click()
    expect(page.get_by_test_id("factor-on")).to_be_visible()
    return secret


def make_key(page: Page) -> str:
    page.goto("/settings/keys")
    page.get_by_label("Name", exact=True).fill("tablet")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make the key").click()
    key = page.get_by_test_id("api-key").inner_text()
    # Shown once: what a reload brings back says only how it ends.
    page.reload()
    expect(page.get_by_test_id("api-keys")).to_contain_text(key[-4:])
    assert key not in page.content()
    return key


def test_from_registering_to_a_key_that_outlives_every_session(
    browser: Browser, installation: Installation, mailbox: MailServer | None
) -> None:
    installation.start()
    page = visit_as(browser, installation, viewport={"width": 360, "height": 740})
    refusals = hear_refusals(page)

    prefer_russian(page)
    register(page)
    page.goto("/me")
    expect(page.get_by_text("Confirm your e-mail address to upload")).to_be_visible()
    page.goto("/settings/reading")
    expect(page.get_by_test_id("reading-languages")).to_have_text(RUSSIAN_FIRST)
    page.goto(wait_for_link(installation, mailbox, "confirm"))
    expect(page.get_by_test_id("confirm-state")).to_contain_text(f"{ADDRESS} is confirmed")
    expect(page).to_have_url(f"{installation.url}/confirm")  # the key has left the address

    secret = switch_on_second_factor(page)
    page.goto("/me")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="You are reading as a guest")).to_be_visible()
    page.goto("/login?next=//example.com")
    fill_login(page)
    code = page.get_by_label("Code from the app")
    expect(code).to_be_focused()
    code.fill(totp_code(secret, steps=1))
    code.press("Enter")
    expect(page).to_have_url(f"{installation.url}/")

    key = make_key(page)
    bearer = {"Authorization": f"Bearer {key}"}
    me = httpx.get(f"{installation.url}/api/auth/me", headers=bearer, timeout=60)
    assert (me.status_code, me.json()["username"]) == (200, NAME)

    page.goto("/settings/devices")
    page.get_by_role("button", name="Log out everywhere").click()
    expect(page).to_have_url(re.compile("/login"))
    page.goto("/settings/devices")
    expect(page.get_by_text("Log in to see this.")).to_be_visible()
    assert page.context.request.post("/api/auth/refresh", data={}).status == 401
    assert httpx.get(f"{installation.url}/api/auth/me", headers=bearer, timeout=60).is_success
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert not [word for word in (key, secret, PASSWORD) if word in stored]
    assert refusals == []


def test_a_forgotten_password_is_chosen_anew_by_the_link_of_an_email(
    browser: Browser, installation: Installation, mailbox: MailServer | None
) -> None:
    page = come_as_new(browser, installation, mailbox)
    page.goto("/forgot")
    page.get_by_label("E-mail").fill(ADDRESS)
    page.get_by_role("button", name="Send the link").click()
    link = wait_for_link(installation, mailbox, "reset")

    page.goto(link)
    page.get_by_label("New password").fill("another-felt-rug")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_test_id("reset-state")).to_contain_text("The password is changed")
    page.goto("/me")
    expect(page.get_by_role("heading", name="You are reading as a guest")).to_be_visible()
    page.goto(link)
    page.get_by_label("New password").fill("a-third-felt-rug")
    page.get_by_role("button", name="Set the password").click()

    expect(page.get_by_test_id("reset-state")).to_contain_text("used already")


def test_somebody_does_without_the_second_factor_and_leaves(
    browser: Browser, installation: Installation, mailbox: MailServer | None
) -> None:
    page = come_as_new(browser, installation, mailbox)
    secret = switch_on_second_factor(page)

    page.get_by_role("button", name="Switch it off").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Code from the app").fill(totp_code(secret, steps=1))
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_role("button", name="Switch it on")).to_be_visible()

    page.goto("/settings/account")
    page.get_by_role("button", name="Delete the account…").click()
    form = page.locator("form").filter(has=page.get_by_role("button", name="Delete it for good"))
    form.get_by_label("Password", exact=True).fill("not-mine-at-all")
    form.get_by_role("button", name="Delete it for good").click()
    expect(form.get_by_text("The password is wrong")).to_be_visible()
    form.get_by_label("Password", exact=True).fill(PASSWORD)
    form.get_by_role("button", name="Delete it for good").click()
    expect(page).to_have_url(f"{installation.url}/")

    page.goto("/login")
    fill_login(page)
    expect(page.get_by_text("The name or the password is wrong")).to_be_visible()


def test_a_picture_is_prepared_while_its_person_looks_on(
    browser: Browser, embedded: Installation
) -> None:
    embedded.start()
    page = visit_as(browser, embedded, viewport={"width": 360, "height": 740})
    refusals = hear_refusals(page)
    page.goto("/login?next=/settings/profile")
    page.get_by_label("Username or e-mail").fill("rina")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    file, state = page.locator("input[type=file]"), page.get_by_test_id("avatar-state")
    expect(page.get_by_text("Choose a picture")).to_be_visible()
    page.route("**/api/auth/me", lambda _route: None)  # nobody says yet what became of it

    good = page_bytes("png")
    with page.expect_request("**/api/auth/me"):
        file.set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": good})
    expect(state).to_contain_text("is being prepared")
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    page.unroute("**/api/auth/me")
    expect(page.get_by_text("Your new picture is ready")).to_be_visible()
    expect(page.locator('img[src^="/files/avatars/"]').first).to_be_visible()
    expect(state).to_be_empty()

    file.set_input_files({"name": "cut.png", "mimeType": "image/png", "buffer": good[:-200]})
    alert = page.get_by_role("alert").filter(has_text="“cut.png” is damaged")
    expect(alert).to_be_visible()
    page.reload()
    expect(alert).to_be_visible()
    expect(page.locator('img[src^="/files/avatars/"]').first).to_be_visible()
    assert refusals == []
    embedded.stop()


def test_a_reload_in_the_middle_of_a_renewal_logs_nobody_out(
    browser: Browser, embedded: Installation
) -> None:
    with BreakableProxy(embedded.port) as proxy:
        embedded.extra_env = {**embedded.extra_env, "MANGAKG_SITE_URL": proxy.url}
        embedded.start()
        page = visit_as(browser, embedded)
        page.goto(f"{proxy.url}/login")
        page.get_by_label("Username or e-mail").fill("rina")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(f"{proxy.url}/")

        proxy.hold_answers_to(b"POST /api/auth/refresh")
        page.goto(f"{proxy.url}/me", wait_until="commit")
        wait_for("the renewal", lambda: proxy.heard == 1)
        page.reload(wait_until="commit")
        page.wait_for_timeout(1_000)  # a page that does not wait would have asked again by now
        proxy.release()

        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        expect(page.get_by_role("heading", name="You are reading as a guest")).to_be_hidden()
    embedded.stop()
