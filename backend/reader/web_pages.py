"""Pages of the web app that are about this app: regular expressions of their paths."""

WEB_PAGES = ("", "library", "upload", "series/[^/.]+", "read/[0-9]+")
