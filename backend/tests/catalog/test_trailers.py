"""Which addresses are trailers, and what is kept of them."""

import pytest

from catalog.trailers import UnknownVideo, read_trailer

pytestmark = pytest.mark.same_everywhere
RUTUBE = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("address", "site", "video"),
    [
        ("https://www.youtube.com/watch?v=abc-EFG_ijk&list=PL1&t=3", "youtube", "abc-EFG_ijk"),
        ("http://m.youtube.com/watch?v=abcdefghijk", "youtube", "abcdefghijk"),
        ("youtu.be/abcdefghijk?si=x", "youtube", "abcdefghijk"),
        ("https://www.youtube-nocookie.com/embed/abcdefghijk", "youtube", "abcdefghijk"),
        ("https://youtube.com/shorts/abcdefghijk", "youtube", "abcdefghijk"),
        ("https://vimeo.com/76979871", "vimeo", "76979871"),
        ("https://player.vimeo.com/video/76979871?h=8272103f6e", "vimeo", "76979871"),
        ("https://vimeo.com/channels/staffpicks/76979871", "vimeo", "76979871"),
        (f"https://rutube.ru/video/{RUTUBE}/?r=plwd", "rutube", RUTUBE),
        (f"https://rutube.ru/play/embed/{RUTUBE}", "rutube", RUTUBE),
        ("https://vk.com/video-22822305_456241864", "vk", "-22822305_456241864"),
        ("https://vkvideo.ru/playlist/-1_2/video-1_3", "vk", "-1_3"),
        ("https://vk.com/video_ext.php?oid=-1&id=2&hash=f", "vk", "-1_2"),
        ("https://vk.com/videos-1?z=video-1_2%2Fclub1", "vk", "-1_2"),
        ("https://ok.ru/video/1234567890", "ok", "1234567890"),
        (" https://ok.ru/videoembed/12 ", "ok", "12"),
    ],
)
def test_a_video_is_read_however_its_address_was_copied(address, site, video):
    found = read_trailer(address)

    assert (found.site, found.id) == (site, video)
    assert read_trailer(found.url) == found


@pytest.mark.parametrize(
    "address",
    [
        "", "abcdefghijk", "https://evil.test/watch?v=abcdefghijk",
        "https://youtube.com.evil.test/watch?v=abcdefghijk", "https://youtube.com/watch?v=short",
        "https://user@evil.test:443/youtube.com/watch?v=abcdefghijk", "https://youtube.com",
        "javascript://youtube.com/watch?v=abcdefghijk", "https://vimeo.com/about",
        "https://rutube.ru/video/person/1/", "https://vk.com/durov", "https://[::1/watch",
        "https://youtube.com/embed/abcdefghij\u0661", "data:text/html,x",
    ],
)  # fmt: skip
def test_other_addresses_are_none(address):
    with pytest.raises(UnknownVideo):
        read_trailer(address)
