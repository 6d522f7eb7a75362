"""What devices are called."""

import pytest

from accounts.auth.devices import name_device

_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0{} Safari/537.36"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
         "Firefox on Android"),
        (_CHROME.format("Windows NT 10.0; Win64; x64", ""), "Chrome on Windows"),
        (_CHROME.format("Windows NT 10.0; Win64; x64", "") + " Edg/140.0", "Edge on Windows"),
        (_CHROME.format("Linux; Android 10; K", " Mobile"), "Chrome on Android"),
        (_CHROME.format("Linux; Android 14; SM-A155F", " Mobile") + " YaBrowser/25.8",
         "Yandex Browser on Android"),
        (_CHROME.format("X11; CrOS x86_64 16000.0.0", ""), "Chrome on ChromeOS"),
        (_CHROME.format("X11; Linux x86_64", "") + " OPR/120.0", "Opera on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
         "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.6 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (something else)", ""),
        ("curl/8.14.1", "curl"),
        ("KOReader/2025.08 (Kobo)", "KOReader"),
        ("Gulnara's phone", "Gulnara's phone"),
        ("Телефон", "Телефон"),
        ("two\r\nlines\x00 and\u202e more", "two lines and more"),
        ("x" * 500, "x" * 60),
        ("", ""),
    ],
)  # fmt: skip
def test_a_device_has_a_short_name(text, name):
    assert name_device(text) == name
    assert name_device(name) == name
