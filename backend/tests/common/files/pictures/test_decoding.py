"""Decoding: what the child reports, and that nothing a picture does to it reaches the parent."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps

from common.files.pictures import decoding, decoding_child
from common.files.pictures.decoding import DecodedPicture, DecoderUnavailableError, PictureDecoder
from common.files.pictures.images import StrippedImage, strip_to_image
from common.files.pictures.rules import PICTURE_MESSAGES, PictureLimits, PictureRejected
from tests.common.files.pictures.test_images import PICTURES
from tests.reader.archive_builders import (
    EXTENSIONS,
    blank_png,
    draw_page,
    jpeg_with_bytes_behind_its_pixels,
    page_bytes,
    save,
)

MIB = 1024 * 1024

pytestmark = pytest.mark.usefixtures("fresh_decoders")


@pytest.fixture(scope="module")
def decoder() -> Iterator[PictureDecoder]:
    with PictureDecoder() as decoder:
        yield decoder


def stripped(data: bytes, image_format: str) -> StrippedImage:
    return strip_to_image(data, name=f"1.{EXTENSIONS[image_format]}")


def decode(decoder: PictureDecoder, data: bytes, image_format: str) -> DecodedPicture:
    return decoder.decode(stripped(data, image_format), name="1")


def code_of(decoder: PictureDecoder, image: StrippedImage) -> str:
    with pytest.raises(PictureRejected) as caught:
        decoder.decode(image, name="007.jpg")
    assert "007.jpg" in caught.value.message
    assert not caught.value.malicious
    return caught.value.code


def bits_apart(first: DecodedPicture, second: DecodedPicture) -> int:
    return (first.perceptual_hash ^ second.perceptual_hash).bit_count()


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_of_picture_is_decoded(decoder: PictureDecoder, kind: str) -> None:
    image_format, build = PICTURES[kind]
    data = build()

    page = decode(decoder, data, image_format)

    with Image.open(io.BytesIO(data)) as image:
        assert (page.width, page.height) == image.size
    assert page.format == image_format
    assert 0 <= page.perceptual_hash < 2**64
    assert page.color.startswith("#")
    assert len(page.color) == 7


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp", "avif"])
def test_the_size_is_the_displayed_one(
    decoder: PictureDecoder, image_format: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    page = decode(decoder, save(draw_page((80, 60)), image_format, exif=exif), image_format)

    is_turned = orientation >= 5 and image_format in ("jpeg", "avif")
    assert (page.width, page.height) == ((60, 80) if is_turned else (80, 60))


@pytest.mark.parametrize(
    ("mode", "colour", "shown"),
    [
        ("RGB", (10, 20, 30), "#0a141e"),
        ("L", 77, "#4d4d4d"),
        ("1", 1, "#ffffff"),
        ("RGBA", (10, 20, 30, 0), "#ffffff"),
        ("LA", (77, 255), "#4d4d4d"),
        ("I;16", 0x4D00, "#4d4d4d"),
    ],
)
def test_the_average_colour_is_what_a_reader_sees(
    decoder: PictureDecoder, mode: str, colour: Any, shown: str
) -> None:
    image = Image.new(mode, (70, 90), colour)

    assert decode(decoder, save(image, "png"), "png").color == shown


def test_the_hash_survives_other_formats_and_sizes(decoder: PictureDecoder) -> None:
    page = draw_page((600, 850), seed=5)
    original = decode(decoder, save(page, "png"), "png")
    copies = [
        decode(decoder, save(page, "jpeg", quality=40), "jpeg"),
        decode(decoder, save(page.resize((400, 567)), "webp", quality=60), "webp"),
        decode(decoder, save(page.convert("L"), "jpeg"), "jpeg"),
        decode(decoder, save(page.quantize(64), "png"), "png"),
    ]

    assert max(bits_apart(original, copy) for copy in copies) <= 6


def test_different_pages_have_distant_hashes(decoder: PictureDecoder) -> None:
    pages = [decode(decoder, page_bytes(seed=n), "jpeg") for n in range(8)]

    distances = [bits_apart(a, b) for n, a in enumerate(pages) for b in pages[:n]]

    assert min(distances) > 6


def test_an_even_page_has_a_steady_hash(decoder: PictureDecoder) -> None:
    white = Image.new("RGB", (300, 400), "white")
    pages = [
        decode(decoder, save(white, image_format), image_format)
        for image_format in ("png", "jpeg", "webp")
    ]

    assert {page.perceptual_hash for page in pages} == {1 << 63}


@pytest.mark.parametrize("image_format", EXTENSIONS)
def test_a_cut_picture_is_bad(decoder: PictureDecoder, image_format: str) -> None:
    whole = stripped(page_bytes(image_format), image_format)
    cut = StrippedImage(whole.data[: len(whole.data) // 2], image_format, 120, 170, 1)

    assert code_of(decoder, cut) == "bad_image"


def test_a_header_that_other_decoders_do_not_follow_is_bad(decoder: PictureDecoder) -> None:
    whole = stripped(page_bytes(), "jpeg")
    other = StrippedImage(whole.data, "jpeg", 60, 85, 1)

    assert code_of(decoder, other) == "bad_image"


@pytest.mark.parametrize(
    "options", [{}, {"quality": 95}, {"subsampling": 0}, {"optimize": True}], ids=str
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_bytes_before_the_end_of_a_jpeg_are_found(
    decoder: PictureDecoder, mode: str, options: dict[str, Any]
) -> None:
    data = save(draw_page(mode=mode), "jpeg", **options)
    decode(decoder, data, "jpeg")
    longer = stripped(data[:-2] + b"hidden words" * 4 + b"\xff\xd9", "jpeg")

    assert code_of(decoder, longer) == "bad_image"


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("height", range(91, 99))
def test_blocks_behind_the_pixels_of_a_gif_are_found(
    decoder: PictureDecoder, height: int, interlace: int
) -> None:
    data = save(draw_page((60, height)).quantize(32), "gif", interlace=interlace)
    decode(decoder, data, "gif")
    words = b"hidden words" * 4
    longer = data[:-2] + bytes([len(words)]) + words + b"\x00\x3b"

    assert code_of(decoder, stripped(longer, "gif")) == "bad_image"


def test_a_refused_picture_leaves_the_child_to_the_next(decoder: PictureDecoder) -> None:
    decode(decoder, page_bytes(), "jpeg")
    child = decoder._child

    code_of(decoder, stripped(jpeg_with_bytes_behind_its_pixels(), "jpeg"))

    assert decode(decoder, page_bytes(), "jpeg").width == 120
    assert decoder._child is child


def test_pages_at_the_limits_are_decoded_in_the_memory_allowed(decoder: PictureDecoder) -> None:
    strip = save(draw_page((700, 20)).resize((700, 65_000)), "jpeg", quality=60)
    square = save(Image.new("RGB", (7070, 7070), "#326696"), "jpeg", quality=95)

    assert decode(decoder, strip, "jpeg").height == 65_000
    assert decode(decoder, blank_png(7070, 7070), "png").color == "#000000"
    assert decode(decoder, square, "jpeg").color == "#326696"


def test_a_picture_that_needs_too_much_memory_is_refused() -> None:
    large = stripped(save(Image.new("RGB", (6000, 6000)), "png"), "png")

    with PictureDecoder(memory_bytes=100 * MIB) as decoder:
        assert code_of(decoder, large) == "image_bomb"
        assert decode(decoder, page_bytes(), "jpeg").width == 120


def test_a_picture_that_takes_too_long_is_refused() -> None:
    slow = stripped(blank_png(7000, 7000), "png")

    with PictureDecoder(PictureLimits(max_picture_seconds=0.02)) as decoder:
        decoder._start()
        assert code_of(decoder, slow) == "image_bomb"
        decoder._seconds = 10
        assert decode(decoder, page_bytes(), "jpeg").width == 120


def test_a_child_killed_from_outside_does_not_blame_the_picture(decoder: PictureDecoder) -> None:
    decode(decoder, page_bytes(), "jpeg")
    assert decoder._child is not None
    os.kill(decoder._child.pid, signal.SIGKILL)

    assert decode(decoder, page_bytes(), "jpeg").width == 120


def replaced_child(tmp_path: Path, body: str) -> Path:
    script = tmp_path / "child.py"
    script.write_text(f"import sys, os, time\n{body}\n")
    return script


GREET = "sys.stdout.buffer.write(b'ready\\n'); sys.stdout.buffer.flush()\n"


@pytest.mark.parametrize(
    "body",
    [
        "sys.stdin.buffer.read(30); os.kill(os.getpid(), 11)",
        "sys.stdin.buffer.read(30); os._exit(3)",
        "os.write(1, b'\\xff' * 8)",
        "os.write(1, b'\\x02' + bytes(7) + b'[]')",
        "os.write(1, b'\\x02' + bytes(7) + b'{]')",
        "os.write(1, b'\\x0f' + bytes(7) + b'{\"problem\": \"x\"}')",
        "os.write(1, b'\\x02' + bytes(7) + b'{}')",
    ],
    ids=[
        "crashes",
        "exits",
        "endless answer",
        "no object",
        "no JSON",
        "unknown problem",
        "no facts",
    ],
)
def test_a_child_that_misbehaves_costs_only_its_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(decoding, "_CHILD", replaced_child(tmp_path, GREET + body))

    with PictureDecoder() as decoder:
        assert code_of(decoder, stripped(page_bytes(), "jpeg")) == "bad_image"


def test_a_child_that_reads_nothing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_CHILD", replaced_child(tmp_path, GREET + "time.sleep(60)"))
    big = StrippedImage(bytes(3 * MIB), "jpeg", 1, 1, 1)

    with PictureDecoder(PictureLimits(max_picture_seconds=0.2)) as decoder:
        assert code_of(decoder, big) == "image_bomb"
        assert decoder._child is None


@pytest.mark.parametrize("body", ["raise SystemExit", "print('other')"])
def test_a_child_that_does_not_start_is_our_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(decoding, "_CHILD", replaced_child(tmp_path, body))

    with PictureDecoder() as decoder, pytest.raises(DecoderUnavailableError):
        decode(decoder, page_bytes(), "jpeg")


def test_the_child_is_limited_and_knows_no_secrets(
    decoder: PictureDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the server")
    decoder.close()
    decode(decoder, page_bytes(), "jpeg")
    assert decoder._child is not None
    pid = decoder._child.pid

    limits = {
        name: resource.prlimit(pid, kind)[0]
        for name, kind in (
            ("memory", resource.RLIMIT_AS),
            ("core", resource.RLIMIT_CORE),
            ("file", resource.RLIMIT_FSIZE),
            ("open files", resource.RLIMIT_NOFILE),
        )
    }

    assert limits == {"memory": 600 * MIB, "core": 0, "file": 0, "open files": 32}
    assert 0 < resource.prlimit(pid, resource.RLIMIT_CPU)[0] < 120
    assert b"SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert not any(
        str(entry.readlink()).startswith("/")
        for entry in Path(f"/proc/{pid}/fd").iterdir()
        if int(entry.name) > 2
    )


def test_the_child_imports_neither_django_nor_the_project() -> None:
    script = (
        "import runpy, sys; sys.stdin.close(); "
        f"sys.path.append({decoding._pillow_folder()!r}); "
        f"runpy.run_path({str(decoding._CHILD)!r}); "
        "print([m for m in sys.modules if m.split('.')[0] in ('django', 'reader', 'common')])"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, check=True, text=True
    )

    assert done.stdout == "[]\n"


def test_closing_ends_the_child() -> None:
    decoder = PictureDecoder()
    decode(decoder, page_bytes(), "jpeg")
    child = decoder._child
    assert child is not None

    decoder.close()
    decoder.close()

    assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("image_format", EXTENSIONS)
def test_a_variant_is_a_smaller_webp(decoder: PictureDecoder, image_format: str) -> None:
    data = save(draw_page((1200, 1600)), image_format)

    variant = decoder.make_variant(data)

    assert variant is not None
    assert (variant.width, variant.height) == (1080, 1440)
    with Image.open(io.BytesIO(variant.data)) as image:
        image.load()
        assert (image.format, image.size) == ("WEBP", (1080, 1440))


@pytest.mark.parametrize(
    ("size", "widths", "expected"),
    [
        ((300, 400), {}, (300, 400)),
        ((900, 1200), {"max_width": 320}, (320, 427)),
        ((1000, 6000), {}, (800, 4800)),
        ((400, 16_383), {}, (400, 16_383)),
        ((400, 16_384), {}, None),
    ],
)
def test_variants_are_never_enlarged_nor_longer_than_webp_allows(
    decoder: PictureDecoder, size: tuple[int, int], widths: dict[str, Any], expected: Any
) -> None:
    variant = decoder.make_variant(save(Image.new("RGB", size), "png"), **widths)

    assert (variant and (variant.width, variant.height)) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_variant_has_its_orientation_applied(decoder: PictureDecoder, orientation: int) -> None:
    upright = Image.new("RGB", (90, 120), "white")
    upright.paste("red", (0, 0, 45, 60))
    undo = {
        **decoding_child._TRANSPOSITIONS,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    variant = decoder.make_variant(save(stored, "jpeg", exif=exif, quality=95))

    assert variant is not None
    image = Image.open(io.BytesIO(variant.data))
    assert image.size == (90, 120)
    red, green, _ = image.getpixel((20, 20))  # type: ignore[misc]
    assert red > 200
    assert green < 60
    assert min(image.getpixel((70, 100))) > 200  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_of_picture_has_a_variant(decoder: PictureDecoder, kind: str) -> None:
    _, build = PICTURES[kind]

    assert decoder.make_variant(build()) is not None


def paper(ink: Image.Image, colour: str) -> Image.Image:
    page = Image.new("RGB", ink.size, colour)
    page.paste(ink, mask=ink.getchannel("A"))
    return page


def clear_palette(ink: Image.Image) -> bytes:
    two_colours = ink.getchannel("A").convert("1").convert("P")
    two_colours.putpalette([0, 255, 0] * 255 + [0, 0, 0])
    return save(two_colours, "png", transparency=0)


TRANSPARENT: dict[str, tuple[str, Callable[[Image.Image], bytes]]] = {
    "PNG": ("png", lambda ink: save(ink, "png")),
    "PNG grey": ("png", lambda ink: save(ink.convert("LA"), "png")),
    "PNG palette": ("png", clear_palette),
    "PNG clear colour": (
        "png",
        lambda ink: save(paper(ink, "#00ff00"), "png", transparency=(0, 255, 0)),
    ),
    "WebP": ("webp", lambda ink: save(ink, "webp", quality=95, exact=True)),
    "WebP lossless": ("webp", lambda ink: save(ink, "webp", lossless=True, exact=True)),
    "AVIF": ("avif", lambda ink: save(ink, "avif", quality=95)),
    "GIF": ("gif", lambda ink: save(ink, "gif")),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_black_ink_without_paper_is_on_white_wherever_it_is_shown(
    decoder: PictureDecoder, kind: str
) -> None:
    image_format, build = TRANSPARENT[kind]
    ink = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    ink.paste((0, 0, 0, 255), (30, 30, 90, 90))
    image = stripped(build(ink), image_format)
    expected = paper(ink, "white")

    seen = decoder.decode(image, name="1")
    copies = [decoder.make_variant(image.data), decoder.make_square(image, name="1", side=120)]

    assert seen.color in ("#bfbfbf", "#c0c0c0")
    for copy in copies:
        assert copy is not None
        with Image.open(io.BytesIO(copy.data)) as shown:
            assert shown.mode == "RGB"
            off = ImageChops.difference(shown, expected).convert("L")
        # The edge of the ink is smoothed by the compression.
        assert off.resize((1, 1), Image.Resampling.BOX).tobytes()[0] < 4
        assert off.getpixel((5, 5)) == off.getpixel((60, 60)) == 0


def test_a_variant_of_something_else_is_refused(decoder: PictureDecoder) -> None:
    with pytest.raises(PictureRejected):
        decoder.make_variant(b"no picture")
    with pytest.raises(PictureRejected):
        decoder.make_variant(page_bytes()[:900])


def test_the_childs_problems_have_sentences() -> None:
    for problem in ("hidden_bytes", "decoding_too_big", "broken_image", "decoding_too_slow"):
        assert PICTURE_MESSAGES[problem][0] in ("bad_image", "image_bomb")


def test_pages_of_twelve_megapixels_stay_under_200_mb() -> None:
    page = Image.new("RGB", (4000, 3000), "#336699")
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("jpeg", {}),
        ("jpeg", {"progressive": True}),
        ("png", {"compress_level": 1}),
    ]
    kinds.append(("webp", {"lossless": True, "method": 0}))

    with PictureDecoder() as decoder:
        for image_format, options in kinds:
            decode(decoder, save(page, image_format, **options), image_format)
        assert decoder._child is not None
        status = Path(f"/proc/{decoder._child.pid}/status").read_text()

    peak_kib = int(next(li for li in status.splitlines() if li.startswith("VmHWM")).split()[1])
    assert peak_kib < 190 * 1024


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_pictures_never_crash_the_parent(
    decoder: PictureDecoder, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(sorted(PICTURES)))
    image_format, build = PICTURES[kind]
    picture = bytearray(build())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(picture) - 1))
        picture[at] = data.draw(st.integers(0, 255))

    try:
        decode(decoder, bytes(picture), image_format)
    except PictureRejected as rejection:
        assert rejection.code in ("bad_image", "image_bomb", "bad_type", "type_mismatch")


def ask_in_process(
    monkeypatch: pytest.MonkeyPatch, command: bytes, file_format: bytes, data: bytes
) -> tuple[dict[str, Any], bytes]:
    """The child's loop without a child: the test's process keeps its own limits."""
    monkeypatch.setattr(decoding_child, "limit_next_picture", lambda: None)
    request = decoding_child.REQUEST.pack(command, file_format, 50, 50, len(data))
    sink = io.BytesIO()
    decoding_child.serve(io.BytesIO(request + data), sink)
    said = sink.getvalue().removeprefix(decoding_child.READY)
    document_bytes, file_bytes = decoding_child.ANSWER.unpack_from(said)
    assert len(said) == decoding_child.ANSWER.size + document_bytes + file_bytes
    return json.loads(said[8 : 8 + document_bytes]), said[8 + document_bytes :]


def test_the_child_answers_in_whole_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, file = ask_in_process(monkeypatch, b"D", b"jpeg", page_bytes())

    assert facts["size"] == [120, 170]
    assert facts["is_turned"] is False
    assert file == b""


@pytest.mark.parametrize("kind", PICTURES)
def test_the_child_makes_variants_of_everything(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    image_format, build = PICTURES[kind]

    facts, file = ask_in_process(monkeypatch, b"V", image_format.encode(), build())

    assert facts == {}
    assert file.startswith(b"RIFF")


def test_the_child_ends_after_it_ran_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def starve(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(decoding_child, "describe", starve)

    facts, _ = ask_in_process(monkeypatch, b"D", b"jpeg", page_bytes())

    assert facts == {"problem": "decoding_too_big"}


@pytest.mark.parametrize("kind", sorted(PICTURES))
def test_the_middle_of_any_picture_becomes_a_square(decoder: PictureDecoder, kind: str) -> None:
    image_format, build = PICTURES[kind]
    image = stripped(build(), image_format)

    square = decoder.make_square(image, name="a", side=64)

    assert (square.width, square.height) == (64, 64)
    assert Image.open(io.BytesIO(square.data)).format == "WEBP"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_square_is_turned_as_the_picture_is_shown(
    decoder: PictureDecoder, orientation: int
) -> None:
    picture = Image.new("RGB", (300, 100), "black")
    picture.paste("white", (100, 0, 200, 50))  # the upper half of the middle, as stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif)
    image = strip_to_image(file.getvalue(), name="a.jpg")

    square = decoder.make_square(image, name="a", side=60)

    shown = ImageOps.exif_transpose(Image.open(file)).convert("L")
    edge = min(shown.size)
    left, top = (shown.width - edge) // 2, (shown.height - edge) // 2
    wanted = shown.crop((left, top, left + edge, top + edge)).resize((60, 60))
    made = Image.open(io.BytesIO(square.data)).convert("L")
    difference = ImageChops.difference(wanted, made).resize((1, 1), Image.Resampling.BOX)
    assert difference.tobytes()[0] < 10
