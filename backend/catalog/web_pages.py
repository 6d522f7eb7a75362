"""Pages of the web app that are about this app: regular expressions of their paths."""

WEB_PAGES = ("browse",)
