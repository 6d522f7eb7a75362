"""Pages of the web app that are about this app."""

from common.web_pages import WebPage

WEB_PAGES = tuple(
    WebPage(path)
    for path in (
        "me",
        "login",
        "register",
        "confirm",
        "forgot",
        "reset",
        "settings(/(profile|reading|library|account|security|devices|keys))?",
        "u/[^/]+",
    )
)
