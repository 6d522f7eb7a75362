"""Pages of the web app that are about outside catalogues."""

from common.web_pages import WebPage

WEB_PAGES = (
    WebPage("sources", route="/sources"),
    WebPage("series/[^/.]+/sources", route="/series/[slug]/sources"),
)
