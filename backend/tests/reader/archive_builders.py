"""Builds zips for tests, honest and hostile, from real pictures drawn with Pillow.

`make_chapter_zip` is the honest one. `HOSTILE_ARCHIVES` lists every archive that must be refused,
with its code and where it is found; `REJECTED_ARCHIVES` has one of them for each reject code.
"""

import io
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw

STORED, DEFLATED = 0, 8
EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif", "gif": "gif"}
MIB = 1024 * 1024


# --- Pictures ---------------------------------------------------------------------------------


def draw_page(
    size: tuple[int, int] = (120, 170), *, seed: int = 0, mode: str = "RGB"
) -> Image.Image:
    """A picture with soft tones, hard lines and a little grain, different for each seed."""
    width, height = size
    dice = random.Random(seed)
    page = Image.frombytes("RGB", (12, 17), dice.randbytes(12 * 17 * 3))
    page = page.resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(page)
    for colour in ("white", "#223344", "#cc8844"):
        left, right = sorted(dice.choices(range(width + 1), k=2))
        top, bottom = sorted(dice.choices(range(height + 1), k=2))
        pen.rectangle((left, top, right, bottom), colour, "black", max(1, width // 60))
        pen.ellipse((left, top, right, bottom), dice.choice(("#ddccbb", "#446688")))
    pen.text((width // 8, height // 7), f"page {seed}", "black")
    return page.convert(mode)


@lru_cache(maxsize=256)
def page_bytes(
    image_format: str = "jpeg", size: tuple[int, int] = (120, 170), seed: int = 0
) -> bytes:
    return save(draw_page(size, seed=seed), image_format)


def save(image: Image.Image, image_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format.upper(), **options)
    return out.getvalue()


def blank_png(width: int, height: int) -> bytes:
    """A true black-and-white PNG of any size, without holding its pixels."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(squeeze.compress(row * min(256, height - y)) for y in range(0, height, 256))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            png_chunk(b"IHDR", struct.pack(">2L5B", width, height, 1, 0, 0, 0, 0)),
            png_chunk(b"IDAT", pixels + squeeze.flush()),
            png_chunk(b"IEND", b""),
        )
    )


def png_chunk(name: bytes, content: bytes) -> bytes:
    crc32 = zlib.crc32(name + content)
    return struct.pack(">L", len(content)) + name + content + struct.pack(">L", crc32)


# --- Zips, byte by byte -----------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """One file of a zip. What is None is filled in truthfully; the rest may lie."""

    name: str | bytes
    content: bytes = b"x"
    method: int = DEFLATED
    flags: int = 0
    mode: int = 0
    attributes: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    local_sizes: tuple[int, int, int] | None = None
    declared_bytes: int | None = None
    compressed_bytes: int | None = None
    crc32: int | None = None
    raw: bytes | None = None
    descriptor: str = ""
    zip64: bool = False
    header_offset: int | None = None
    disk: int = 0

    @property
    def raw_name(self) -> bytes:
        return self.name.encode() if isinstance(self.name, str) else self.name

    def compressed(self) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.method != DEFLATED:
            return self.content
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        return squeeze.compress(self.content) + squeeze.flush()


def build_zip(
    members: Sequence[Member],
    *,
    prefix: bytes = b"",
    shifted: bool = True,
    comment: bytes = b"",
    trailing: bytes = b"",
    zip64_end: bool = False,
    count: int | None = None,
) -> bytes:
    """A zip of exactly these members. `shifted` offsets count from the prefix's begin."""
    body = bytearray(prefix)
    directory = b""
    origin = 0 if shifted else len(prefix)
    for member in members:
        offset = len(body) - origin
        local, central = _headers(member, offset)
        body += local
        directory += central
    start = len(body) - origin
    total = len(members) if count is None else count
    end = b""
    if zip64_end:
        record = struct.pack(
            "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, total, total, len(directory), start
        )
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
        end = record + locator
        numbers = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    else:
        numbers = (total & 0xFFFF, total & 0xFFFF, len(directory), start)
    end += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *numbers, len(comment))
    return bytes(body) + directory + end + comment + trailing


def _headers(member: Member, offset: int) -> tuple[bytes, bytes]:
    data = member.compressed()
    crc32 = zlib.crc32(member.content) if member.crc32 is None else member.crc32
    compressed = len(data) if member.compressed_bytes is None else member.compressed_bytes
    declared = len(member.content) if member.declared_bytes is None else member.declared_bytes
    sizes = (crc32, compressed, declared)
    flags = member.flags | (8 if member.descriptor else 0)
    local_sizes = member.local_sizes or ((0, 0, 0) if member.descriptor else sizes)
    extra, local_extra = member.extra, member.local_extra
    small = (compressed, declared, offset)
    if member.zip64:
        extra += struct.pack("<2H3Q", 1, 24, declared, compressed, offset)
        local_extra += struct.pack("<2H2Q", 1, 16, declared, compressed)
        small = (0xFFFFFFFF,) * 3
        local_sizes = (crc32, 0xFFFFFFFF, 0xFFFFFFFF)
    if member.header_offset is not None:
        small = (*small[:2], member.header_offset)
    local_name = member.raw_name if member.local_name is None else member.local_name
    local = struct.pack(
        "<4s5H3L2H",
        b"PK\x03\x04",
        20,
        flags if member.local_flags is None else member.local_flags,
        member.method if member.local_method is None else member.local_method,
        0,
        0x5821,
        *local_sizes,
        len(local_name),
        len(local_extra),
    )
    descriptor = {
        "": b"",
        "signed": b"PK\x07\x08" + struct.pack("<3L", *sizes),
        "unsigned": struct.pack("<3L", *sizes),
        "wide": b"PK\x07\x08" + struct.pack("<L2Q", *sizes),
        "lying": b"PK\x07\x08" + struct.pack("<3L", crc32 ^ 1, compressed, declared),
    }[member.descriptor]
    central = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        0x0314,
        20,
        flags,
        member.method,
        0,
        0x5821,
        crc32,
        small[0],
        small[1],
        len(member.raw_name),
        len(extra),
        0,
        member.disk,
        0,
        (member.mode & 0xFFFF) << 16 | member.attributes,
        small[2],
    )
    return local + local_name + local_extra + data + descriptor, central + member.raw_name + extra


# --- Honest chapters --------------------------------------------------------------------------


def make_chapter_zip(
    pages: int = 5,
    *,
    format: str = "jpeg",  # noqa: A002 (reads as what it is where it is called)
    size: tuple[int, int] = (120, 170),
    folder: str = "",
    prefix: str = "",
    digits: int = 3,
    cover: bool = False,
    compressed: bool = False,
    seed: int = 0,
    extra_files: dict[str, bytes] | None = None,
) -> bytes:
    """An honest chapter as `zipfile` writes it; pages differ by `seed` and number."""
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as archive:
        for number in range(0 if cover else 1, pages + 1):
            name = f"{folder}{prefix}{number:0{digits}}.{EXTENSIONS[format]}"
            archive.writestr(name, page_bytes(format, size, seed * 1000 + number))
        for name, content in (extra_files or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def page_member(number: int = 1, **changes: Any) -> Member:
    changes.setdefault("name", f"{number:03}.jpg")
    changes.setdefault("content", page_bytes(seed=number))
    return Member(**changes)


def zip_with(*members: Member, **how: Any) -> bytes:
    """Two honest pages and the members given."""
    return build_zip([page_member(1), page_member(2), *members], **how)


def zip_of_page(content: bytes, name: str = "3.png") -> bytes:
    return zip_with(Member(name, content, method=STORED))


# --- Hostile chapters -------------------------------------------------------------------------


def overlapping() -> bytes:
    """Two entries of the directory share one file's bytes, as in the zip bombs of D. Fifield."""
    return build_zip([page_member(1), page_member(2, name="001.jpg", header_offset=0)])


def partly_overlapping() -> bytes:
    """The second file's header lies inside the first file's data."""
    inner = build_zip([page_member(2)])
    first = Member("001.jpg", inner, method=STORED)
    local_bytes = 30 + len("001.jpg")
    second = page_member(2, header_offset=local_bytes)
    return build_zip([first, second])


def _squeezable(total: int) -> bytes:
    """Content that deflates well, but by far less than a thousand to one."""
    grain = random.Random(5)
    return b"".join(grain.randbytes(1000) + bytes(40_000) for _ in range(total // 41_000 + 1))


def bomb_with_true_size() -> bytes:
    return zip_with(Member("003.jpg", bytes(64 * MIB)))


def bomb_with_false_size() -> bytes:
    return zip_with(Member("003.jpg", bytes(64 * MIB), declared_bytes=5000))


def too_large_page() -> bytes:
    return zip_with(Member("003.jpg", _squeezable(21 * MIB)))


def too_many_pages() -> bytes:
    return build_zip([Member(f"{n}.jpg", b"x", method=STORED) for n in range(1, 1002)])


@lru_cache(maxsize=1)
def far_too_many_entries() -> bytes:
    """A directory of 30,000 entries, in a file of a few megabytes."""
    return build_zip([Member(f"{n}.jpg", b"", method=STORED) for n in range(30_000)])


def two_ends() -> bytes:
    """A second end record hides in the comment of the first, and both fit the file."""
    inner = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)
    return zip_with(comment=inner)


def swapped_method() -> bytes:
    return zip_with(page_member(3, local_method=STORED))


def hidden_behind_deflate() -> bytes:
    member = page_member(3)
    return zip_with(page_member(3, raw=member.compressed() + b"hidden"))


def cut_deflate() -> bytes:
    return zip_with(page_member(3, raw=page_member(3).compressed()[:-40]))


def animated_gif() -> bytes:
    frames = [draw_page((40, 40), seed=n).convert("P") for n in range(3)]
    return save(frames[0], "gif", save_all=True, append_images=frames[1:])


def png_with_bytes_behind_its_rows() -> bytes:
    """The zlib stream goes on after the last row: it cannot be cut without packing it anew."""
    rows = b"".join(b"\x00" + bytes(8) for _ in range(8))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            png_chunk(b"IHDR", struct.pack(">2L5B", 8, 8, 8, 0, 0, 0, 0)),
            png_chunk(b"IDAT", zlib.compress(rows + b"hidden payload")),
            png_chunk(b"IEND", b""),
        )
    )


def jpeg_with_bytes_behind_its_pixels() -> bytes:
    return page_bytes()[:-2] + b"hidden payload " * 20 + b"\xff\xd9"


@dataclass(frozen=True)
class HostileArchive:
    """`is_found_by_preflight` is False where only extraction can tell."""

    title: str
    code: str
    build: Callable[[], bytes]
    is_found_by_preflight: bool = True
    is_malicious: bool = False


def _name(name: str | bytes, **changes: Any) -> Callable[[], bytes]:
    return lambda: zip_with(page_member(3, name=name, **changes))


def _page(content: Callable[[], bytes], name: str = "3.png") -> Callable[[], bytes]:
    return lambda: zip_of_page(content(), name)


def _early(
    title: str, code: str, build: Callable[[], bytes], *, is_malicious: bool = False
) -> HostileArchive:
    return HostileArchive(title, code, build, True, is_malicious)


def _late(
    title: str, code: str, build: Callable[[], bytes], *, is_malicious: bool = False
) -> HostileArchive:
    return HostileArchive(title, code, build, False, is_malicious)


HOSTILE_ARCHIVES: tuple[HostileArchive, ...] = (
    _early("plain text", "not_a_zip", lambda: b"this is no zip at all"),
    _early("nothing", "not_a_zip", lambda: b""),
    _early("rar", "not_a_zip", lambda: b"Rar!\x1a\x07\x01\x00" + bytes(200)),
    _early("program before the zip", "not_a_zip", lambda: zip_with(prefix=b"MZ" + bytes(99))),
    _early(
        "program before the zip, offsets from the zip",
        "not_a_zip",
        lambda: zip_with(prefix=b"MZ" + bytes(99), shifted=False),
    ),
    _early("part of a split zip", "not_a_zip", lambda: zip_with(page_member(3, disk=1))),
    _early("cut in the middle", "corrupt", lambda: zip_with()[:2000]),
    _early("bytes behind the end", "corrupt", lambda: zip_with(trailing=b"more")),
    _early("two ends", "corrupt", two_ends),
    _early("wrong count", "corrupt", lambda: zip_with(count=7)),
    _early("local name differs", "corrupt", _name("003.jpg", local_name=b"004.jpg")),
    _early("local method differs", "corrupt", swapped_method),
    _early("local flags differ", "corrupt", _name("003.jpg", local_flags=2)),
    _early("local sizes differ", "corrupt", _name("003.jpg", local_sizes=(1, 2, 3))),
    _early("lying descriptor", "corrupt", _name("003.jpg", descriptor="lying")),
    _early("local header far away", "corrupt", _name("003.jpg", header_offset=0x7FFFFFFF)),
    _early("stored with two sizes", "corrupt", _name("003.jpg", method=STORED, declared_bytes=9)),
    _late("wrong checksum", "corrupt", _name("003.jpg", crc32=1)),
    _late("declares less than it holds", "corrupt", _name("003.jpg", declared_bytes=900)),
    _late("declares more than it holds", "corrupt", _name("003.jpg", declared_bytes=99_000)),
    _late("bytes behind the deflate stream", "corrupt", hidden_behind_deflate),
    _late("deflate stream cut", "corrupt", cut_deflate),
    _late("no deflate at all", "corrupt", _name("003.jpg", raw=b"\xff" * 5000)),
    _early("password", "encrypted", _name("003.jpg", flags=1)),
    _early("strong encryption", "encrypted", _name("003.jpg", flags=0x40)),
    _early("AES", "encrypted", _name("003.jpg", extra=struct.pack("<2H7x", 0x9901, 7))),
    _early("AES method", "encrypted", _name("003.jpg", method=99)),
    _early("bzip2", "unsupported_compression", _name("003.jpg", method=12)),
    _early("LZMA", "unsupported_compression", _name("003.jpg", method=14)),
    _early("Zstandard", "unsupported_compression", _name("003.jpg", method=93)),
    _early("overlapping files", "bomb", overlapping, is_malicious=True),
    _early("partly overlapping files", "bomb", partly_overlapping, is_malicious=True),
    _early("bomb that tells its size", "bomb", bomb_with_true_size, is_malicious=True),
    _late("bomb that hides its size", "bomb", bomb_with_false_size, is_malicious=True),
    _early("page too large", "too_large", too_large_page),
    _early("too many pages", "too_many_files", too_many_pages),
    _early("far too many entries", "too_many_files", far_too_many_entries),
    _early("parent folder", "path_traversal", _name("../3.jpg"), is_malicious=True),
    _early("parent folder inside", "path_traversal", _name("a/../../3.jpg"), is_malicious=True),
    _early("parent, backslashes", "path_traversal", _name("..\\3.jpg"), is_malicious=True),
    _early("absolute page", "path_traversal", _name("/etc/3.jpg")),
    _early("page on a drive", "path_traversal", _name("C:\\3.jpg")),
    _early("page in a network", "path_traversal", _name("\\\\host\\3.jpg")),
    _early("absolute", "path_traversal", _name("/etc/passwd"), is_malicious=True),
    _early("drive letter", "path_traversal", _name("C:\\run.bat"), is_malicious=True),
    _early("network path", "path_traversal", _name("\\\\host\\run"), is_malicious=True),
    _early("parent folder in junk", "path_traversal", _name("__MACOSX/../../3"), is_malicious=True),
    _early("folder above", "path_traversal", _name("../", content=b""), is_malicious=True),
    _early("nothing above", "path_traversal", _name("..", content=b""), is_malicious=True),
    _early("root that is a link", "symlink", _name("/", mode=0o120777), is_malicious=True),
    _early("link", "symlink", _name("3.jpg", mode=stat.S_IFLNK | 0o777), is_malicious=True),
    _early("pipe", "special_file", _name("3.jpg", mode=stat.S_IFIFO), is_malicious=True),
    _early("device", "special_file", _name("3.jpg", mode=stat.S_IFBLK), is_malicious=True),
    _early("zip inside", "nested_archive", _name("more.zip")),
    _early("cbr inside", "nested_archive", _name("003.cbr")),
    _late("zip named as a page", "nested_archive", _page(lambda: build_zip([]), "3.jpg")),
    _late("tar as a page", "nested_archive", _page(lambda: bytes(257) + b"ustar" + bytes(99))),
    _early("zero byte in a name", "bad_name", _name("3.jpg\x00.png")),
    _early("line break in a name", "bad_name", _name("3\n.jpg")),
    _early("no name", "bad_name", _name("")),
    _early("name of dots", "bad_name", _name("./.")),
    _early("root with bytes", "corrupt", _name("/")),
    _early("name too long", "bad_name", _name("a" * 2000 + "3.jpg")),
    _early("no number", "bad_name", _name("credits.jpg")),
    _early("digits that are not ASCII", "bad_name", _name("٣.jpg")),
    _early("only an ending", "bad_name", _name(".jpg")),
    _early("two folders", "bad_layout", _name("more/3.jpg")),
    _early(
        "folder in a folder", "bad_layout", lambda: build_zip([page_member(1, name="a/b/1.jpg")])
    ),
    _early("gap", "bad_numbering", _name("004.jpg")),
    _early("other prefix", "bad_numbering", _name("page003.jpg")),
    _early("only a cover", "bad_numbering", lambda: build_zip([page_member(1, name="0.jpg")])),
    _early("endless number", "bad_numbering", _name("9" * 500 + ".jpg")),
    _early("same name", "duplicate", _name("002.jpg")),
    _early("same name in capitals", "duplicate", _name("002.JPG")),
    _early("same number", "duplicate", _name("2.png")),
    _early("same number, other padding", "duplicate", _name("00002.jpg")),
    _early("no files", "empty", lambda: build_zip([])),
    _early("only folders", "empty", lambda: build_zip([Member("pages/", b"")])),
    _early(
        "only junk", "empty", lambda: build_zip([Member("__MACOSX/._1.jpg"), Member(".DS_Store")])
    ),
    _early("text file", "bad_type", _name("notes.txt")),
    _early("no ending", "bad_type", _name("3")),
    _late("text as a page", "bad_type", _page(lambda: b"just some words", "3.jpg")),
    _late("error page as a page", "bad_type", _page(lambda: b"<!doctype html><p>404", "3.jpg")),
    _late("BMP as a page", "bad_type", _page(lambda: save(draw_page(), "bmp"), "3.jpg")),
    _late("animated GIF", "bad_type", _page(animated_gif, "3.gif")),
    _late(
        "Windows program",
        "bad_type",
        _page(lambda: b"MZ\x90" + bytes(99), "3.jpg"),
        is_malicious=True,
    ),
    _late("Linux program", "bad_type", _page(lambda: b"\x7fELF" + bytes(99)), is_malicious=True),
    _late("shell script", "bad_type", _page(lambda: b"#!/bin/sh\nid"), is_malicious=True),
    _late("PHP script", "bad_type", _page(lambda: b"<?php id();"), is_malicious=True),
    _late("PNG named .jpg", "type_mismatch", _page(lambda: page_bytes("png"), "3.jpg")),
    _late("JPEG named .webp", "type_mismatch", _page(page_bytes, "3.webp")),
    _early("page without bytes", "bad_image", _name("3.jpg", content=b"")),
    _late("JPEG cut", "bad_image", _page(lambda: page_bytes()[:-900], "3.jpg")),
    _late("PNG cut", "bad_image", _page(lambda: page_bytes("png")[:-900])),
    _late("WebP cut", "bad_image", _page(lambda: page_bytes("webp")[:-300], "3.webp")),
    _late("PNG with a longer stream", "bad_image", _page(png_with_bytes_behind_its_rows)),
    _late("JPEG with more data", "bad_image", _page(jpeg_with_bytes_behind_its_pixels, "3.jpg")),
    _late("too many pixels", "image_bomb", _page(lambda: blank_png(7200, 7200))),
    _late("side too long", "image_bomb", _page(lambda: blank_png(20_001, 2001))),
    _late(
        "decompression bomb",
        "image_bomb",
        _page(lambda: blank_png(20_000, 20_000)),
        is_malicious=True,
    ),
)

# One archive for each reject code, the first of its kind above.
REJECTED_ARCHIVES: dict[str, Callable[[], bytes]] = {
    hostile.code: hostile.build for hostile in reversed(HOSTILE_ARCHIVES)
}
# Codes whose archive in REJECTED_ARCHIVES passes preflight and fails in the worker.
FOUND_WHILE_EXTRACTING: frozenset[str] = frozenset(
    code
    for code, build in REJECTED_ARCHIVES.items()
    for hostile in HOSTILE_ARCHIVES
    if hostile.build is build and not hostile.is_found_by_preflight
)
