"""Pictures: what is kept of each format, what is cut, and that pixels stay bit for bit."""

import io
import random
import struct
import time
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from common.files.pictures.containers import avif
from common.files.pictures.containers.exif import build_exif
from common.files.pictures.containers.icc import clean_profile
from common.files.pictures.containers.walking import BrokenImageError
from common.files.pictures.images import StrippedImage, check_headers, strip_to_image
from common.files.pictures.rules import PictureLimits, PictureRejected
from tests.reader.archive_builders import (
    EXTENSIONS,
    animated_gif,
    blank_png,
    draw_page,
    page_bytes,
    png_chunk,
    save,
)

SECRET = b"Aigul Asanova, 42.8746 N 74.5698 E"


def strip(data: bytes, image_format: str, **limits: Any) -> StrippedImage:
    name = f"1.{EXTENSIONS[image_format]}"
    return strip_to_image(data, name=name, limits=PictureLimits(**limits))


def rejection_of(data: bytes, image_format: str, **limits: Any) -> PictureRejected:
    with pytest.raises(PictureRejected) as caught:
        strip(data, image_format, **limits)
    return caught.value


def pixels_of(data: bytes) -> tuple[str, tuple[int, int], bytes, Any]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        shown = image.convert("RGBA").tobytes() if image.mode != "I;16" else b""
        return image.mode, image.size, image.tobytes(), shown


def exif_with(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (42.0, 52.0, 28.5)
    return exif


def orientation_of(data: bytes) -> int:
    with Image.open(io.BytesIO(data)) as image:
        return int(image.getexif().get(0x0112, 1))


def grey_alpha() -> Image.Image:
    page = draw_page(mode="LA")
    page.putalpha(draw_page(seed=9, mode="L"))
    return page


def colour_alpha() -> Image.Image:
    page = draw_page(mode="RGBA")
    page.putalpha(draw_page(seed=9, mode="L"))
    return page


def sixteen_bit_grey() -> Image.Image:
    noise = random.Random(3).randbytes(60 * 80 * 2)
    return Image.frombytes("I;16", (60, 80), noise)


def interlaced_png() -> bytes:
    """Pillow writes no Adam7; a 1 x 1 to 8 x 8 picture has few enough passes to do by hand."""
    width, height = 7, 5
    grey = random.Random(4).randbytes(width * height)
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
    rows = b""
    for x0, y0, dx, dy in (*passes, (0, 1, 1, 2)):
        for y in range(y0, height, dy):
            row = bytes(grey[y * width + x] for x in range(x0, width, dx))
            rows += b"\x00" + row if row else b""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            png_chunk(b"IHDR", struct.pack(">2L5B", width, height, 8, 0, 0, 0, 1)),
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        )
    )


def transparent_gif() -> bytes:
    return save(draw_page().quantize(32), "gif", transparency=3)


PICTURES: dict[str, tuple[str, Any]] = {
    "JPEG": ("jpeg", lambda: save(draw_page(), "jpeg", quality=90)),
    "JPEG grey": ("jpeg", lambda: save(draw_page(mode="L"), "jpeg")),
    "JPEG CMYK": ("jpeg", lambda: save(draw_page(mode="CMYK"), "jpeg")),
    "JPEG progressive": ("jpeg", lambda: save(draw_page(), "jpeg", progressive=True)),
    "JPEG 4:4:4": ("jpeg", lambda: save(draw_page(), "jpeg", subsampling=0, optimize=True)),
    "JPEG restarts": ("jpeg", lambda: save(draw_page(), "jpeg", restart_marker_rows=1)),
    "JPEG RGB": ("jpeg", lambda: save(draw_page(), "jpeg", keep_rgb=True)),
    "JPEG 1 x 1": ("jpeg", lambda: save(draw_page((1, 1)), "jpeg")),
    "PNG": ("png", lambda: save(draw_page(), "png")),
    "PNG alpha": ("png", lambda: save(colour_alpha(), "png")),
    "PNG grey": ("png", lambda: save(draw_page(mode="L"), "png")),
    "PNG grey alpha": ("png", lambda: save(grey_alpha(), "png")),
    "PNG 16 bit": ("png", lambda: save(sixteen_bit_grey(), "png")),
    "PNG palette": ("png", lambda: save(draw_page().quantize(17), "png")),
    "PNG palette clear": ("png", lambda: save(draw_page().quantize(17), "png", transparency=4)),
    "PNG one bit": ("png", lambda: save(draw_page(mode="1"), "png")),
    "PNG clear colour": ("png", lambda: save(draw_page(), "png", transparency=(255, 255, 255))),
    "PNG interlaced": ("png", interlaced_png),
    "WebP": ("webp", lambda: save(draw_page(), "webp", quality=80)),
    "WebP alpha": ("webp", lambda: save(colour_alpha(), "webp", quality=80)),
    "WebP lossless": ("webp", lambda: save(draw_page(), "webp", lossless=True)),
    "WebP lossless alpha": ("webp", lambda: save(colour_alpha(), "webp", lossless=True)),
    "AVIF": ("avif", lambda: save(draw_page(), "avif", quality=70)),
    "AVIF alpha": ("avif", lambda: save(colour_alpha(), "avif", quality=70)),
    "AVIF grey": ("avif", lambda: save(draw_page(mode="L"), "avif")),
    "GIF": ("gif", lambda: save(draw_page().quantize(200), "gif")),
    "GIF clear": ("gif", transparent_gif),
    "GIF interlaced": ("gif", lambda: save(draw_page().quantize(8), "gif", interlace=1)),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_pixels_stay_bit_for_bit(kind: str) -> None:
    image_format, build = PICTURES[kind]
    data = build()

    stripped = strip(data, image_format)

    assert pixels_of(stripped.data) == pixels_of(data)
    assert (stripped.width, stripped.height) == pixels_of(data)[1]
    assert stripped.content_type == f"image/{image_format}"
    assert stripped.extension == EXTENSIONS[image_format]


@pytest.mark.parametrize("kind", PICTURES)
def test_stripping_twice_changes_nothing_more(kind: str) -> None:
    image_format, build = PICTURES[kind]

    once = strip(build(), image_format)

    assert strip(once.data, image_format) == once


@pytest.mark.parametrize("kind", PICTURES)
def test_bytes_behind_the_picture_are_cut(kind: str) -> None:
    image_format, build = PICTURES[kind]
    data = build()

    stripped = strip(data + SECRET, image_format)

    assert stripped == strip(data, image_format)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["jpeg", "avif"])
def test_of_exif_only_the_orientation_stays(image_format: str, orientation: int) -> None:
    data = save(draw_page(), image_format, exif=exif_with(orientation))

    stripped = strip(data, image_format)

    assert SECRET in data
    assert SECRET not in stripped.data
    assert orientation_of(stripped.data) == orientation_of(data) == orientation
    assert stripped.orientation == orientation
    with Image.open(io.BytesIO(stripped.data)) as image:
        assert not image.getexif().get_ifd(0x8825)
        assert set(image.getexif()) <= {0x0112}


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_no_browser_gets_an_orientation_that_others_read_differently(
    image_format: str, orientation: int
) -> None:
    """Chromium and Firefox ignore it in a WebP, older ones in a PNG too."""
    data = save(draw_page(), image_format, exif=exif_with(orientation))

    stripped = strip(data, image_format)

    assert orientation_of(data) == orientation
    assert stripped == strip(save(draw_page(), image_format), image_format)
    assert stripped.orientation == 1


@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp", "avif"])
def test_xmp_goes(image_format: str) -> None:
    xmp = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    if image_format == "png":
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        texts.add_text("Author", SECRET.decode(), zip=False)
        data = save(draw_page(), "png", pnginfo=texts)
    else:
        data = save(draw_page(), image_format, xmp=xmp)

    stripped = strip(data, image_format)

    assert SECRET in data
    assert SECRET not in stripped.data
    assert pixels_of(stripped.data) == pixels_of(data)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp", "avif"])
def test_a_colour_profile_stays_without_its_texts(image_format: str) -> None:
    profile = srgb_profile()
    data = save(draw_page(), image_format, icc_profile=profile)

    stripped = strip(data, image_format)

    with Image.open(io.BytesIO(stripped.data)) as image:
        kept = image.info["icc_profile"]
    assert kept == clean_profile(profile)
    assert b"lcms" not in kept.lower()
    assert "CC0".encode("utf-16-be") not in kept


def test_a_cleaned_profile_means_the_same_colours() -> None:
    page = draw_page()
    lab = ImageCms.createProfile("LAB")
    cleaned = clean_profile(srgb_profile()) or b""

    before, after = (
        ImageCms.profileToProfile(page, io.BytesIO(profile), lab, outputMode="LAB")
        for profile in (srgb_profile(), cleaned)
    )

    assert before is not None
    assert after is not None
    assert before.tobytes() == after.tobytes()


def test_an_old_profile_is_cleaned_too() -> None:
    profile = bytearray(srgb_profile())
    profile[8] = 2

    cleaned = clean_profile(bytes(profile)) or b""

    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(cleaned))) == "-\n"


@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp", "avif"])
def test_a_profile_that_does_not_parse_is_left_out(image_format: str) -> None:
    data = save(draw_page(), image_format, icc_profile=SECRET * 20)

    stripped = strip(data, image_format)

    with Image.open(io.BytesIO(stripped.data)) as image:
        assert "icc_profile" not in image.info


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (36, b"xxxx"),
        (16, b"HSV "),
        (20, b"HSV "),
        (0, b"\x7f\xff\xff\xff"),
        (128, b"\xff\xff\xff\xff"),
        (128, b"\x00\x00\x00\x00"),
        (136, b"\xff\xff\xff\xff"),
    ],
)
def test_damaged_profiles_do_not_parse(at: int, value: bytes) -> None:
    profile = bytearray(srgb_profile())
    profile[at : at + 4] = value

    assert clean_profile(bytes(profile)) is None


def jpeg_segment(code: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(payload) + 2) + payload


def test_comments_private_segments_and_thumbnails_of_a_jpeg_go() -> None:
    data = save(draw_page(), "jpeg")
    thumbnail = b"JFXX\x00\x10" + page_bytes()
    noise = b"".join(
        jpeg_segment(code, SECRET) for code in (0xFE, 0xE3, 0xE4, 0xED, 0xEF, 0xDC, 0xF7)
    )
    busy = data[:20] + jpeg_segment(0xE0, thumbnail) + noise + b"\xff\xff" + data[20:]

    assert strip(busy, "jpeg") == strip(data, "jpeg")


def test_a_jfif_thumbnail_goes() -> None:
    data = save(draw_page(), "jpeg")
    small = b"\x02\x02" + SECRET[:12]
    with_thumbnail = data[:2] + jpeg_segment(0xE0, data[6:18] + small) + data[20:]

    assert strip(with_thumbnail, "jpeg") == strip(data, "jpeg")


def test_segments_and_junk_between_the_scans_of_a_jpeg_go() -> None:
    data = save(draw_page(), "jpeg", progressive=True)
    scans = data.split(b"\xff\xda")
    between = jpeg_segment(0xFE, SECRET) + SECRET + jpeg_segment(0xDB, b"\x03" + bytes(64))
    busy = scans[0] + b"\xff\xda" + scans[1] + between
    busy += b"\xff\xda".join([b"", *scans[2:]])

    stripped = strip(busy, "jpeg")

    assert SECRET not in stripped.data
    assert len(stripped.data) <= len(data)
    assert pixels_of(stripped.data) == pixels_of(data)


def test_tables_that_no_scan_uses_are_left_out() -> None:
    data = save(draw_page(), "jpeg")
    many = b"".join(jpeg_segment(0xDB, bytes([0]) + bytes([n] * 64)) for n in range(1, 200))

    stripped = strip(data[:20] + many + data[20:], "jpeg")

    assert stripped == strip(data, "jpeg")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"\xff\xc0\x00\x11\x08", b"\xff\xc9\x00\x11\x08", "bad_image"),
        (b"\xff\xc0\x00\x11\x08", b"\xff\xc3\x00\x11\x08", "bad_image"),
        (b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c", "bad_image"),
        (b"\xff\xc0\x00\x11\x08\x00\xaa", b"\xff\xc0\x00\x11\x08\x00\x00", "bad_image"),
        (b"\xff\xda\x00\x0c\x03", b"\xff\xda\x00\x0d\x03", "bad_image"),
        (b"\xff\xdb\x00\x43", b"\xff\xdb\x00\x42", "bad_image"),
        (b"\xff\xd9", b"", "bad_image"),
        (b"\xff\xd9", b"\xff\xff", "bad_image"),
    ],
)
def test_jpegs_that_cannot_be_shown_are_refused(old: bytes, new: bytes, code: str) -> None:
    data = save(draw_page(), "jpeg")
    assert old in data

    rejection = rejection_of(data.replace(old, new, 1), "jpeg")

    assert (rejection.code, rejection.malicious) == (code, False)


def insert_chunks(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def test_other_chunks_of_a_png_go() -> None:
    data = page_bytes("png")
    names = (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"prVt", b"pHYs", b"bKGD", b"hIST", b"sPLT")
    noise = [png_chunk(name, SECRET) for name in names]

    stripped = strip(insert_chunks(data, *noise), "png")

    assert stripped == strip(data, "png")


def test_colour_chunks_of_a_png_stay_only_at_their_exact_length() -> None:
    data = page_bytes("png")
    true = [png_chunk(b"gAMA", struct.pack(">L", 45455)), png_chunk(b"sBIT", b"\x05\x06\x05")]
    false = [png_chunk(b"sRGB", b"\x00" + SECRET), png_chunk(b"gAMA", SECRET)]

    stripped = strip(insert_chunks(data, *true, *false), "png")

    assert stripped.data == insert_chunks(strip(data, "png").data, *true)


def with_wrong_crc(chunk: bytes) -> bytes:
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"gAMA", struct.pack(">L", 45455)),
        png_chunk(b"cHRM", bytes(32)),
        png_chunk(b"sRGB", b"\x00"),
        png_chunk(b"cICP", b"\x01\x0d\x00\x01"),
        png_chunk(b"sBIT", b"\x05\x06\x05"),
        png_chunk(b"tRNS", bytes(6)),
        png_chunk(b"iCCP", b"a\x00\x00" + zlib.compress(srgb_profile())),
        png_chunk(b"eXIf", build_exif(6)),
        png_chunk(b"acTL", struct.pack(">2L", 9, 0)),
        png_chunk(b"tEXt", SECRET),
        png_chunk(b"prVt", SECRET),
    ],
    ids=lambda chunk: chunk[4:8].decode(),
)
def test_an_ancillary_chunk_with_a_wrong_checksum_is_as_if_it_were_not_there(chunk: bytes) -> None:
    data = page_bytes("png")

    stripped = strip(insert_chunks(data, with_wrong_crc(chunk)), "png")

    assert stripped == strip(data, "png")


def test_the_first_chunk_with_a_right_checksum_counts() -> None:
    gamma, other = (png_chunk(b"gAMA", struct.pack(">L", n)) for n in (45455, 100_000))
    data = page_bytes("png")

    stripped = strip(insert_chunks(data, with_wrong_crc(other), gamma, other), "png")

    assert stripped.data == insert_chunks(strip(data, "png").data, gamma)


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE", b"IDAT"])
def test_a_critical_chunk_with_a_wrong_checksum_is_damage(name: bytes) -> None:
    data = save(draw_page().quantize(17), "png")
    at = data.index(name) - 4
    end = at + 12 + struct.unpack_from(">L", data, at)[0]

    rejection = rejection_of(data[:at] + with_wrong_crc(data[at:end]) + data[end:], "png")

    assert rejection.code == "bad_image"


def palette_png(colours: int, clear: int = 0, *, depth: int = 4) -> bytes:
    """8 x 4 pixels in the first 16 colours, and as many colours as asked for."""
    rows = b"".join(b"\x00" + bytes([0x01, 0x23, 0x45, 0xEF]) for _ in range(4))
    chunks = [
        png_chunk(b"IHDR", struct.pack(">2L5B", 32 // depth, 4, depth, 3, 0, 0, 0)),
        png_chunk(b"PLTE", bytes(range(16)) * 3 + SECRET[:1] * 3 * (colours - 16)),
        png_chunk(b"tRNS", bytes(range(clear))) if clear else b"",
        png_chunk(b"IDAT", zlib.compress(rows)),
        png_chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(("colours", "clear"), [(17, 0), (64, 0), (256, 0), (64, 16), (64, 64)])
def test_colours_that_no_pixel_can_name_are_cut(colours: int, clear: int) -> None:
    stripped = strip(palette_png(colours, clear), "png")

    assert stripped.data == palette_png(16, min(clear, 16))
    assert pixels_of(stripped.data)[3] == pixels_of(palette_png(16, min(clear, 16)))[3]


def test_a_transparency_longer_than_the_palette_is_as_if_it_were_not_there() -> None:
    assert strip(palette_png(64, 65), "png").data == palette_png(16)


def test_a_palette_longer_than_any_depth_can_name_is_refused() -> None:
    assert rejection_of(palette_png(257, depth=8), "png").code == "bad_image"


def one_frame_png(*, frames: int = 1, behind: bytes = b"") -> bytes:
    data = page_bytes("png")
    control = struct.pack(">5L2H2B", 0, 120, 170, 0, 0, 9, 100, 0, 0)
    animation = (
        png_chunk(b"acTL", struct.pack(">2L", frames, 0)),
        png_chunk(b"fcTL", control),
    )
    return insert_chunks(data[:-12], *animation) + behind + data[-12:]


def test_an_animated_png_of_one_frame_is_a_still_picture() -> None:
    assert strip(one_frame_png(), "png") == strip(page_bytes("png"), "png")


@pytest.mark.parametrize(
    "data",
    [
        one_frame_png(frames=2),
        one_frame_png(frames=0),
        one_frame_png(behind=png_chunk(b"fdAT", struct.pack(">L", 1) + SECRET)),
        insert_chunks(page_bytes("png"), png_chunk(b"acTL", b"")),
    ],
    ids=["two frames", "no frame", "another picture", "empty"],
)
def test_an_animated_png_that_holds_more_than_its_picture_is_refused(data: bytes) -> None:
    assert rejection_of(data, "png").code in ("bad_type", "bad_image")


def test_bytes_behind_a_pngs_zlib_stream_are_cut() -> None:
    data = page_bytes("png")
    at = data.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">L", data, at)
    pixels = data[at + 8 : at + 8 + length]
    end = data[at + 12 + length :]
    longer = png_chunk(b"IDAT", pixels + SECRET) + png_chunk(b"IDAT", SECRET)

    stripped = strip(data[:at] + longer + end, "png")

    assert stripped == strip(data, "png")


def test_a_pngs_pixels_may_be_split_anywhere() -> None:
    data = page_bytes("png")
    at = data.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">L", data, at)
    pixels = data[at + 8 : at + 8 + length]
    parts = b"".join(png_chunk(b"IDAT", pixels[n : n + 7]) for n in range(0, length, 7))

    stripped = strip(data[:at] + parts + data[at + 12 + length :], "png")

    assert pixels_of(stripped.data) == pixels_of(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda png: png.replace(b"IDAT", b"IDAt", 1),
        lambda png: png[:40] + b"\xff" + png[41:],
        lambda png: insert_chunks(png, png_chunk(b"IHDR", bytes(13))),
        lambda png: insert_chunks(png, png_chunk(b"CgBI", bytes(4))),
        lambda png: insert_chunks(png, png_chunk(b"NEWC", bytes(4))),
        lambda png: (
            png[:8] + png_chunk(b"IHDR", struct.pack(">2L5B", 9, 9, 8, 3, 0, 0, 0)) + png[33:]
        ),
        lambda png: (
            png[:8] + png_chunk(b"IHDR", struct.pack(">2L5B", 9, 9, 3, 0, 0, 0, 0)) + png[33:]
        ),
        lambda png: (
            png[:8] + png_chunk(b"IHDR", struct.pack(">2L5B", 0, 9, 8, 0, 0, 0, 0)) + png[33:]
        ),
        lambda png: (
            png[:8] + png_chunk(b"IHDR", struct.pack(">2L5B", 9, 9, 8, 0, 0, 0, 2)) + png[33:]
        ),
    ],
    ids=range(9),
)
def test_damaged_pngs_are_refused(change: Any) -> None:
    assert rejection_of(change(page_bytes("png")), "png").code == "bad_image"


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<L", len(body)) + body


def riff_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<L", len(content)) + content + bytes(len(content) % 2)


def test_other_chunks_of_a_webp_go() -> None:
    data = page_bytes("webp")
    plain = strip(data, "webp")
    canvas = struct.pack("<L", 0) + b"\x77\x00\x00\xa9\x00\x00"
    frame = plain.data[12:]

    busy = riff(
        riff_chunk(b"VP8X", canvas), riff_chunk(b"priv", SECRET), frame, riff_chunk(b"XMP ", SECRET)
    )

    assert strip(busy, "webp") == plain
    assert strip(riff(frame, riff_chunk(b"priv", SECRET)), "webp") == plain


def test_webps_that_contradict_themselves_are_refused() -> None:
    frame = strip(page_bytes("webp"), "webp").data[12:]
    larger = riff_chunk(b"VP8X", struct.pack("<L", 0) + b"\x78\x00\x00\xa9\x00\x00")

    for data in (riff(larger, frame), riff(), riff(frame)[:-40], riff(riff_chunk(b"VP8L", SECRET))):
        assert rejection_of(data, "webp").code == "bad_image"


def still(kind: str) -> bytes:
    return bytes(PICTURES[kind][1]())


def one_frame_webp(
    kind: str = "WebP",
    *,
    flags: int = 0x02,
    at: bytes = bytes(6),
    canvas: tuple[int, int] = (120, 170),
    frames: int = 1,
    beside: bytes = b"",
) -> bytes:
    """The still picture as an animation's frame, with words hidden behind its bitstream."""
    plain = strip(still(kind), "webp").data
    bitstream = plain[12:] if plain[12:16] != b"VP8X" else plain[30:]
    size, frame_size = (
        b"".join((side - 1).to_bytes(3, "little") for side in sides)
        for sides in (canvas, (120, 170))
    )
    frame = riff_chunk(
        b"ANMF", at + frame_size + bytes(4) + bitstream + riff_chunk(b"priv", SECRET)
    )
    return riff(
        riff_chunk(b"VP8X", struct.pack("<L", flags) + size),
        riff_chunk(b"ANIM", SECRET[:6]),
        frame * frames,
        beside,
    )


@pytest.mark.parametrize("kind", ["WebP", "WebP alpha", "WebP lossless", "WebP lossless alpha"])
def test_an_animated_webp_of_one_frame_is_a_still_picture(kind: str) -> None:
    data = one_frame_webp(kind, flags=0x12)

    stripped = strip(data, "webp")

    assert SECRET in data
    assert stripped == strip(still(kind), "webp")
    assert pixels_of(stripped.data) == pixels_of(still(kind))


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": 2},
        {"frames": 0},
        {"flags": 0},
        {"at": b"\x01" + bytes(5)},
        {"canvas": (121, 170)},
        {"beside": riff_chunk(b"VP8L", SECRET)},
        {"beside": riff_chunk(b"ALPH", SECRET)},
    ],
    ids=str,
)
def test_an_animated_webp_whose_frame_is_not_all_of_it_is_refused(changes: dict[str, Any]) -> None:
    assert rejection_of(one_frame_webp(**changes), "webp").problem == "animated"


def test_a_frame_of_a_webp_that_contradicts_its_header_is_refused() -> None:
    smaller = strip(save(draw_page((60, 60)), "webp"), "webp").data[12:]
    frame = riff_chunk(b"ANMF", bytes(6) + b"\x77\x00\x00\xa9\x00\x00" + bytes(4) + smaller)
    canvas = struct.pack("<L", 2) + b"\x77\x00\x00\xa9\x00\x00"

    rejection = rejection_of(riff(riff_chunk(b"VP8X", canvas), frame), "webp")

    assert rejection.code == "bad_image"


def test_comments_of_a_gif_go() -> None:
    data = save(draw_page().quantize(32), "gif", comment=SECRET)

    stripped = strip(data, "gif")

    assert SECRET in data
    assert SECRET not in stripped.data
    assert pixels_of(stripped.data) == pixels_of(data)


def test_a_gif_frame_outside_its_screen_is_refused() -> None:
    data = bytearray(save(draw_page().quantize(32), "gif"))
    data[6:8] = b"\x05\x00"

    assert rejection_of(bytes(data), "gif").code == "bad_image"


def test_unreferenced_bytes_of_an_avif_go() -> None:
    data = page_bytes("avif")
    free = struct.pack(">L4s", 8 + len(SECRET), b"free") + SECRET
    mdat = struct.pack(">L4s", 8 + len(SECRET), b"mdat") + SECRET

    stripped = strip(data + free + mdat, "avif")

    assert stripped == strip(data, "avif")


def avif_grid() -> tuple[bytes, bytes, bytes]:
    """Two pictures side by side in one AVIF, as encoders write large ones; and the two."""
    # 4:4:4, so that no colour is smoothed across the seam.
    left, right = (
        save(draw_page((64, 64), seed=seed), "avif", subsampling="4:4:4") for seed in (1, 2)
    )
    tiles = [strip(tile, "avif").data for tile in (left, right)]
    coded = [tile[tile.index(b"mdat") + 4 :] for tile in tiles]
    metas = [avif._read_meta(tile[tile.index(b"meta") + 4 :]) for tile in tiles]
    one = metas[0].items[metas[0].primary]
    wide = (b"ispe", struct.pack(">3L", 0, 128, 64))
    properties = [*metas[0].properties, wide]
    meta = avif._Meta(
        primary=9,
        items={
            9: avif._Item(b"grid", properties=[(len(properties), False)]),
            5: avif._Item(b"av01", properties=one.properties),
            7: avif._Item(b"av01", properties=one.properties),
        },
        references=[(b"dimg", 9, [5, 7])],
        properties=properties,
    )
    payloads = {9: struct.pack(">4B2H", 0, 0, 0, 1, 128, 64), 5: coded[0], 7: coded[1]}
    boxes = {n: avif._box(*box) for n, box in enumerate(properties, start=1)}
    return avif._assemble(meta, [9, 5, 7], payloads, boxes), left, right


def avif_with(*properties: tuple[bytes, bytes], is_essential: bool = True) -> bytes:
    """A small AVIF with further properties of its one item, in this order."""
    data = strip(save(draw_page((64, 64)), "avif"), "avif").data
    meta = avif._read_meta(data[data.index(b"meta") + 4 :])
    item = meta.items[meta.primary]
    for box in properties:
        meta.properties.append(box)
        item.properties.append((len(meta.properties), is_essential))
    boxes = {n: avif._box(*box) for n, box in enumerate(meta.properties, start=1)}
    payloads = {meta.primary: data[data.index(b"mdat") + 4 :]}
    return avif._assemble(meta, [meta.primary], payloads, boxes)


ROTATION, MIRROR = (b"irot", b"\x01"), (b"imir", b"\x00")
CROP = (b"clap", struct.pack(">8L", 32, 1, 32, 1, 0, 1, 0, 1))


@pytest.mark.parametrize(
    ("properties", "orientation"),
    [((), 1), ((ROTATION,), 8), ((MIRROR,), 4), ((ROTATION, MIRROR), 5)],
)
def test_an_avif_is_turned_and_mirrored_as_browsers_do(
    properties: tuple[tuple[bytes, bytes], ...], orientation: int
) -> None:
    stripped = strip(avif_with(*properties), "avif")

    assert stripped.orientation == orientation_of(stripped.data) == orientation


@pytest.mark.parametrize("is_essential", [True, False])
@pytest.mark.parametrize(
    "properties",
    [(CROP,), (CROP, ROTATION), (MIRROR, ROTATION), (ROTATION, ROTATION)],
    ids=["crop", "crop and rotation", "mirror first", "rotated twice"],
)
def test_an_avif_that_browsers_show_differently_is_refused(
    properties: tuple[tuple[bytes, bytes], ...], is_essential: bool
) -> None:
    data = avif_with(*properties, is_essential=is_essential)

    assert rejection_of(data, "avif").problem == "unsupported_image"


def test_an_avif_grid_keeps_its_tiles() -> None:
    data, left, right = avif_grid()

    stripped = strip(data + SECRET, "avif")

    assert (stripped.width, stripped.height) == (128, 64)
    assert SECRET not in stripped.data
    assert len(stripped.data) == len(data)
    with Image.open(io.BytesIO(stripped.data)) as image:
        halves = [image.crop((x, 0, x + 64, 64)).tobytes() for x in (0, 64)]
    assert halves == [pixels_of(left)[2], pixels_of(right)[2]]


def test_avif_items_that_repeat_bytes_are_refused() -> None:
    data, _, _ = avif_grid()
    meta = avif._read_meta(data[data.index(b"meta") + 4 :])
    extents = meta.items[2].extents * 50
    meta.items[2].extents = extents

    with pytest.raises(BrokenImageError):
        avif._refuse_repeated_bytes(data, meta, [1, 2, 3])


def test_metadata_units_inside_av1_data_go() -> None:
    data = strip(page_bytes("avif"), "avif").data
    at = data.index(b"mdat") + 4
    hidden = bytes([5 << 3 | 2, len(SECRET)]) + SECRET + bytes([15 << 3 | 2, 3]) + b"abc"

    assert avif._picture_units(hidden + data[at:] + hidden) == data[at:]


def moving(image_format: str) -> bytes:
    frames = [draw_page((64, 64), seed=n) for n in range(3)]
    return save(frames[0], image_format, save_all=True, append_images=frames[1:], duration=90)


@pytest.mark.parametrize("image_format", ["png", "webp", "avif", "gif"])
def test_animations_are_refused(image_format: str) -> None:
    data = animated_gif() if image_format == "gif" else moving(image_format)

    rejection = rejection_of(data, image_format)

    assert (rejection.code, rejection.malicious) == ("bad_type", False)


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "jpe", "jfif", "JPG"])
def test_all_endings_of_jpeg_are_equal(ending: str) -> None:
    assert strip_to_image(page_bytes(), name=f"1.{ending}").format == "jpeg"


@pytest.mark.parametrize("image_format", EXTENSIONS)
def test_a_wrong_ending_names_the_right_format(image_format: str) -> None:
    wrong = "png" if image_format != "png" else "jpg"

    with pytest.raises(PictureRejected) as caught:
        strip_to_image(page_bytes(image_format), name=f"1.{wrong}")

    assert caught.value.code == "type_mismatch"
    assert str(caught.value.params["real"]).lower() == image_format


@pytest.mark.parametrize(
    ("size", "code", "malicious"),
    [
        ((100, 100), None, False),
        ((20_000, 100), None, False),
        ((20_001, 100), "image_bomb", False),
        ((100, 20_001), None, False),
        ((700, 65_000), None, False),
        ((100, 65_001), "image_bomb", False),
        ((2_001, 20_001), "image_bomb", False),
        ((10_000, 5_001), "image_bomb", False),
        ((20_000, 10_000), "image_bomb", False),
        ((20_000, 10_001), "image_bomb", True),
    ],
)
def test_sizes_are_judged_from_the_header(
    size: tuple[int, int], code: str | None, malicious: bool
) -> None:
    data = blank_png(*size)

    if code is None:
        assert (strip(data, "png").width, strip(data, "png").height) == size
    else:
        rejection = rejection_of(data, "png")
        assert (rejection.code, rejection.malicious) == (code, malicious)


def test_a_header_that_promises_too_much_is_refused_before_inflating() -> None:
    header = png_chunk(b"IHDR", struct.pack(">2L5B", 60_000, 60_000, 8, 6, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(1000)))

    rejection = rejection_of(bomb + png_chunk(b"IEND", b""), "png")

    assert (rejection.code, rejection.malicious) == ("image_bomb", True)


def test_of_a_png_only_the_header_is_looked_at_where_nothing_is_to_be_inflated() -> None:
    damaged = page_bytes("png")[:60]
    header = png_chunk(b"IHDR", struct.pack(">2L5B", 20_001, 10, 8, 6, 0, 0, 0))

    check_headers(damaged, name="me")
    assert rejection_of(damaged, "png").code == "bad_image"
    with pytest.raises(PictureRejected) as caught:
        check_headers(b"\x89PNG\r\n\x1a\n" + header, name="me")
    assert caught.value.problem == "side_too_long"


def test_a_page_of_ordinary_size_is_walked_in_about_a_millisecond() -> None:
    data = save(draw_page((1400, 2000)).effect_spread(6), "jpeg", quality=88)
    assert len(data) > 200_000
    best = float("inf")

    for _ in range(10):
        begin = time.perf_counter()
        strip(data, "jpeg")
        best = min(best, time.perf_counter() - begin)

    assert best < 0.004


ORIGINALS = [(image_format, build) for image_format, build in PICTURES.values()]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_pictures_are_only_ever_refused_or_stripped(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(PICTURES)))
    image_format, build = PICTURES[kind]
    picture = bytearray(SMALL_CACHE.setdefault(kind, build()))
    # Headers are at the front; most damage belongs there.
    places = st.integers(0, min(700, len(picture) - 1)) | st.integers(0, len(picture) - 1)
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        picture[at] = value
    end = data.draw(st.integers(0, len(picture)) | st.just(len(picture)))

    try:
        strip(bytes(picture[:end]), image_format)
    except PictureRejected as rejection:
        assert rejection.message


SMALL_CACHE: dict[str, bytes] = {}


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"RIFF\x20\x00\x00\x00WEBP",
            b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00",
            b"",
        ]
    ),
)
def test_random_bytes_are_only_ever_refused(noise: bytes, magic: bytes) -> None:
    for image_format in EXTENSIONS:
        try:
            strip(magic + noise, image_format)
        except PictureRejected as rejection:
            assert rejection.code in ("bad_image", "bad_type", "type_mismatch", "image_bomb")
