"""Pages of the web app that are about libraries."""

from common.web_pages import WebPage

WEB_PAGES = (
    WebPage("library(/(history|lists))?", route="/library"),
    WebPage("lists/[^/.]+"),
)
