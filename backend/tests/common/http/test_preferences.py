"""What a visitor prefers: the cookie, else the browser, else what is usual."""

import pytest
from django.test import RequestFactory

from common.http.preferences import Preferences, read_preferences

GUEST = ("safe", "suggestive")

pytestmark = pytest.mark.same_everywhere


@pytest.mark.parametrize(
    ("cookie", "accepted", "found"),
    [
        ("", "ky-KG,ky;q=0.9,ru;q=0.8,de;q=0.1", Preferences(("ky", "ru", "de"), GUEST, "ky")),
        ("", "de", Preferences(("de",), GUEST, "en")),
        ("", "", Preferences((), GUEST, "en")),
        ("languages=ru%2Cky&interface=ru", "en", Preferences(("ru", "ky"), GUEST, "ru")),
        ("languages=ru,pt-BR", "en", Preferences(("ru", "pt-br"), GUEST, "en")),
        ("ratings=erotica%2Csafe", "ky", Preferences(("ky",), ("safe", "erotica"), "ky")),
        ("languages=<b>,,&ratings=all&interface=xx", "ky", Preferences(("ky",), GUEST, "ky")),
        ("%ff=&&=&languages", "ky", Preferences(("ky",), GUEST, "ky")),
    ],
)
def test_preferences_are_read_and_normalized(cookie, accepted, found):
    request = RequestFactory().get("/", HTTP_ACCEPT_LANGUAGE=accepted)
    request.COOKIES["preferences"] = cookie

    assert read_preferences(request) == found
