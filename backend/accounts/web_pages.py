"""Pages of the web app that are about this app."""

from common.web_pages import WebPage

_SETTINGS = ("profile", "reading", "library", "account", "security", "devices", "keys")
_PATHS = ("me", "login", "register", "confirm", "forgot", "reset", "settings")

WEB_PAGES = (
    *(WebPage(path, route=f"/{path}") for path in _PATHS),
    *(WebPage(f"settings/{part}", route=f"/settings/{part}") for part in _SETTINGS),
    WebPage("u/[^/]+", route="/u/[username]"),
)
