"""Names devices in the list of sessions by their User-Agent: "Firefox on Android"."""

import re

_MAX_LENGTH = 60
# The first match wins: most browsers also call themselves Chrome or Safari.
_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Opera", "Opera"),
    ("YaBrowser/", "Yandex Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("UCBrowser/", "UC Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_PRODUCT = re.compile(r"([A-Za-z][\w.-]{0,30})/\d")


def name_device(text: str) -> str:
    """Return a short name for a browser's User-Agent; other names are kept as they are."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not text.startswith("Mozilla/") and not text.startswith("Opera/"):
        product = _PRODUCT.match(text)
        return product[1] if product else text[:_MAX_LENGTH]
    program = next((name for mark, name in _PROGRAMS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return " on ".join(filter(None, (program, system)))
