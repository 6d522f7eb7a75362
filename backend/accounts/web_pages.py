"""Pages of the web app that are about this app: regular expressions of their paths."""

WEB_PAGES = (
    "me",
    "login",
    "register",
    "confirm",
    "forgot",
    "reset",
    "settings(/(profile|reading|account|security|devices|keys))?",
    "u/[^/]+",
)
