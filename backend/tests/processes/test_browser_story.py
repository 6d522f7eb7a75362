"""The main job in a real browser, against real processes: chosen, approved, read by keyboard."""

import re
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

from playwright.sync_api import Browser, Page, expect

from tests.cast import PASSWORD
from tests.processes.browsing import IN_A_BROWSER, ask_again, visit_as
from tests.processes.installation import SERIES, Installation
from tests.reader.archive_builders import make_chapter_zip
from tests.services import wait_for

PAGES = 6
# What somebody chose who likes strips.
READ_AS_A_STRIP = """localStorage.setItem(
    "mangakg.reader.guest", JSON.stringify({ all: { direction: "strip" }, series: {} })
)"""
# A worker, a moderator's click and a poll of the upload page lie between two states.
STATE_MILLISECONDS = 120_000

pytestmark = IN_A_BROWSER


def log_in(page: Page, username: str) -> None:
    page.goto("/login")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).not_to_have_url(re.compile("/login"))


def send_folder(page: Page, folder: Path) -> None:
    """Choose a folder of pictures, which the browser packs as a chapter."""
    page.goto("/upload")
    page.get_by_role("searchbox").fill("naruto")
    page.get_by_test_id("series-choice").first.click()
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.get_by_test_id("upload-send").click()


def upload_row(page: Page, state: str):
    return page.locator(f"[data-testid=upload-row][data-state={state}]")


def approve_first(page: Page) -> None:
    page.goto("/admin/login/?next=/admin/reader/upload/review/")
    page.locator("#id_username").fill("mo")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    expect(page.locator("#approve")).to_be_visible()
    page.wait_for_load_state("load")  # the keys are there once the page's script has run
    page.keyboard.press("a")


def scroll_to_end(page: Page) -> None:
    """Turn the wheel far beyond the end: pages are loaded and let go of on the way."""
    page.mouse.move(180, 370)
    for _turn in range(PAGES * 4):
        page.mouse.wheel(0, 700)


def keep_in_library(reader: Page, installation: Installation) -> None:
    """Log in as who has read as a guest: it stands in the library, and one more can be undone."""
    log_in(reader, "rina")
    with installation.client("rina") as rina:
        wait_for("the item", lambda: rina.get("/api/library/items").json()["results"])
        reader.goto("/library")
        progress = reader.get_by_test_id("progress")
        expect(progress).to_contain_text(re.compile(r"^7\b"))
        reader.get_by_test_id("more").click()
        expect(progress).to_contain_text(re.compile(r"^8\b"))
        reader.get_by_test_id("toast").get_by_role("button", name="Undo").click()
        expect(progress).to_contain_text(re.compile(r"^7\b"))
        [item] = rina.get("/api/library/items").json()["results"]
        history = f"/api/library/items/{item['id']}/history"
        wait_for("both steps", lambda: len(rina.get(history).json()["results"]) == 3)
    if installation.profile == "embedded":  # the others' databases outlive them anyway
        installation.stop()
        installation.start()
    reader.reload()
    expect(progress).to_contain_text(re.compile(r"^7\b"))


def test_a_chapter_goes_from_a_folder_to_a_reader(
    browser: Browser, installation: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "Naruto 7"
    with ZipFile(BytesIO(make_chapter_zip(pages=PAGES, size=(700, 1000)))) as pages:
        pages.extractall(folder)
    installation.start()
    reader = visit_as(browser, installation, viewport={"width": 360, "height": 740})
    uploader = visit_as(browser, installation)
    moderator = visit_as(browser, installation)

    log_in(uploader, "uli")
    send_folder(uploader, folder)
    expect(upload_row(uploader, "awaiting_review")).to_be_visible(timeout=STATE_MILLISECONDS)
    reader.goto(f"/series/{SERIES}")
    expect(reader.get_by_role("heading", name="Naruto")).to_be_visible()
    expect(reader.get_by_test_id("chapter-row")).to_have_count(0)
    approve_first(moderator)
    expect(upload_row(uploader, "live")).to_be_visible(timeout=STATE_MILLISECONDS)

    with installation.client() as anybody:  # the cached list goes just after the commit
        wait_for(
            "the list", lambda: anybody.get(f"/api/series/{SERIES}/chapters").json()["results"]
        )
    reader.goto("/browse?kind=manga&kind=film")
    reader.get_by_role("searchbox").fill("naruto")
    expect(reader).to_have_url(re.compile("search=naruto"))
    reader.get_by_test_id("cover-link").click()
    expect(reader.get_by_test_id("chapter-row")).to_have_count(1)
    reader.go_back()
    expect(reader.get_by_role("searchbox")).to_have_value("naruto")
    reader.go_forward()
    expect(reader.get_by_test_id("chapter-row")).to_have_count(1)
    reader.get_by_test_id("main-button").click()
    room = reader.get_by_test_id("reader")
    for number in range(1, PAGES + 1):
        expect(room).to_have_attribute("data-page-current", str(number))
        picture = reader.locator(f"[data-testid=reader-page][data-page='{number}']")
        expect(picture).to_have_attribute("data-loaded", "true")
        # A transparent page has white paper behind it, not the colour that it waits in.
        expect(picture.locator("img")).to_have_css("background-color", "rgb(255, 255, 255)")
        reader.keyboard.press("ArrowLeft")  # a manga is read from right to left

    reader.evaluate(READ_AS_A_STRIP)
    reader.goto(reader.url)
    expect(room).to_have_attribute("data-mode", "strip")
    expect(reader.locator("[data-testid=reader-page][data-page='1']")).to_have_attribute(
        "data-loaded", "true"
    )
    scroll_to_end(reader)
    expect(room).to_have_attribute("data-page-current", str(PAGES))
    expect(reader.get_by_test_id("reader-edge")).to_be_in_viewport()

    # What the app begins with has come with the page.
    for path in ("/", "/browse", f"/series/{SERIES}", urlsplit(reader.url).path):
        assert ask_again(browser, installation, path) == []

    keep_in_library(reader, installation)
