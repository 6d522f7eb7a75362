"""Pages of the web app that are about libraries."""

from common.web_pages import WebPage

WEB_PAGES = (
    WebPage("library", route="/library"),
    WebPage("library/history", route="/library/history"),
    WebPage("library/lists", route="/library/lists"),
    WebPage("lists/[^/.]+", route="/lists/[slug]"),
)
