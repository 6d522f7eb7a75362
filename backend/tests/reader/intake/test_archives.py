"""Archives: what preflight plans, what it refuses, and how pages come out."""

import io
import random
import struct
import tracemalloc
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.files.archives.directory import decode_name
from common.files.pictures.images import strip_to_image
from common.files.rejections import FileRejected, show_name
from reader.intake.archives import (
    REJECT_CODES,
    REJECT_MESSAGES,
    ArchiveLimits,
    ArchiveRejected,
    iter_pages,
    preflight,
    read_comic_info,
)
from tests.reader.archive_builders import (
    HOSTILE_ARCHIVES,
    REJECTED_ARCHIVES,
    STORED,
    HostileArchive,
    Member,
    build_zip,
    far_too_many_entries,
    make_chapter_zip,
    page_bytes,
    page_member,
    zip_with,
)

EARLY = [hostile for hostile in HOSTILE_ARCHIVES if hostile.is_found_by_preflight]
LATE = [hostile for hostile in HOSTILE_ARCHIVES if not hostile.is_found_by_preflight]
# These two need a decoder; test_decoding.py has them.
NEEDS_DECODER = {"JPEG with more data", "WebP cut"}


def title_of(hostile: HostileArchive) -> str:
    return hostile.title


def names_of(archive: bytes, **limits: Any) -> list[str]:
    return [page.name for page in preflight(io.BytesIO(archive), ArchiveLimits(**limits)).pages]


def pages_of(archive: bytes, **limits: Any) -> list[bytes]:
    file = io.BytesIO(archive)
    bounds = ArchiveLimits(**limits)
    return [page.data for page in iter_pages(file, preflight(file, bounds), bounds)]


def rejection_of(archive: bytes, **limits: Any) -> ArchiveRejected:
    with pytest.raises(ArchiveRejected) as caught:
        pages_of(archive, **limits)
    return caught.value


@pytest.mark.parametrize("hostile", EARLY, ids=title_of)
def test_preflight_refuses(hostile: HostileArchive) -> None:
    with pytest.raises(ArchiveRejected) as caught:
        preflight(io.BytesIO(hostile.build()))

    assert caught.value.code == hostile.code
    assert caught.value.malicious == hostile.is_malicious
    assert "%(" not in caught.value.message


@pytest.mark.parametrize("hostile", [h for h in LATE if h.title not in NEEDS_DECODER], ids=title_of)
def test_extraction_refuses_what_preflight_cannot_see(hostile: HostileArchive) -> None:
    file = io.BytesIO(hostile.build())
    plan = preflight(file)

    with pytest.raises(FileRejected) as caught:
        for page in iter_pages(file, plan):
            strip_to_image(page.data, name=page.name)

    assert caught.value.code == hostile.code
    assert caught.value.malicious == hostile.is_malicious


def test_every_reject_code_has_an_archive_and_a_sentence() -> None:
    assert set(REJECTED_ARCHIVES) == set(REJECT_CODES)
    assert {code for code, _ in REJECT_MESSAGES.values()} == set(REJECT_CODES)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"digits": 1},
        {"folder": "Chapter 1/"},
        {"folder": "Глава 1/", "prefix": "стр_"},
        {"prefix": "page_"},
        {"prefix": "ch 1-"},
        {"compressed": True},
        {"pages": 12, "digits": 1},
    ],
    ids=str,
)
def test_an_honest_chapter_comes_out_in_reading_order(how: dict[str, Any]) -> None:
    count = how.get("pages", 5)

    pages = pages_of(make_chapter_zip(**how))

    assert pages == [page_bytes(seed=number) for number in range(1, count + 1)]


def test_reading_order_is_by_number_and_not_by_place_in_the_zip() -> None:
    members = [page_member(n, name=f"{n}.jpg") for n in (10, 2, 1, 9, 3, 8, 4, 7, 5, 6)]

    plan = preflight(io.BytesIO(build_zip(members)))

    assert [page.number for page in plan.pages] == list(range(1, 11))
    assert plan.declared_bytes == sum(len(member.content) for member in members)


def test_zero_is_a_cover_before_the_first_page() -> None:
    plan = preflight(io.BytesIO(make_chapter_zip(2, cover=True)))

    assert [page.number for page in plan.pages] == [0, 1, 2]


def test_paddings_and_endings_may_be_mixed() -> None:
    members = [Member("1.jpg"), Member("02.PNG"), Member("003.jpeg"), Member("4.jfif")]

    assert names_of(build_zip(members)) == ["1.jpg", "02.PNG", "003.jpeg", "4.jfif"]


def test_junk_and_comic_info_never_become_pages() -> None:
    junk = ["__MACOSX/._001.jpg", "a/.DS_Store", "Thumbs.db", "Desktop.ini", "ComicInfo.xml"]
    members = [Member(name, b"junk", mode=0o120777 if "__" in name else 0) for name in junk]

    assert names_of(zip_with(*members)) == ["001.jpg", "002.jpg"]


@pytest.mark.parametrize(
    "name",
    ["/", "//", "/./", "./", ".", "/.", "\\", "\\\\", "C:\\", "", "/f/", "//f/", "C:\\f\\", "f/./"],
)
def test_entries_that_hold_nothing_are_ignored(name: str) -> None:
    """Dropbox writes "/" for the folder that one downloads, others its whole path."""
    entries = [Member(name, b""), Member("f/1.jpg"), Member("f/2.jpg"), Member(name, b"")]

    assert names_of(build_zip(entries)) == ["f/1.jpg", "f/2.jpg"]


def test_full_paths_that_a_program_wrote_are_no_strike() -> None:
    folder = "/storage/emulated/0/Манга/Глава 1/"
    names = [folder, f"{folder}.nomedia", f"{folder}info.txt", f"{folder}001.jpg"]

    rejection = rejection_of(
        build_zip([Member(name, b"" if name == folder else b"x") for name in names])
    )

    assert (rejection.code, rejection.malicious) == ("path_traversal", False)
    assert rejection.params["name"] == f"{folder}001.jpg"


@pytest.mark.parametrize("top", ["../ch/", "../../Манга/ch/"])
def test_a_folder_that_was_zipped_from_beside_it_is_no_strike(top: str) -> None:
    """`zip -r out.zip ../ch` writes the folder first and then all that is in it."""
    names = [top, f"{top}.DS_Store", f"{top}ComicInfo.xml", f"{top}old/", f"{top}001.jpg"]

    rejection = rejection_of(build_zip([Member(n, b"" if n[-1] == "/" else b"x") for n in names]))

    assert (rejection.code, rejection.malicious) == ("path_traversal", False)


@pytest.mark.parametrize(
    "names",
    [
        ["../evil.jpg"],
        ["../ch/1.jpg", "../ch/2.jpg"],  # not as `zip -r` writes it
        ["../", "../1.jpg"],
        ["../ch/"],
        ["../ch/", "../ch/.DS_Store"],
        ["../ch/", "../ch/1.jpg", "../evil.jpg"],
        ["../ch/", "../ch/1.jpg", "../other/2.jpg"],
        ["../ch/", "../ch/1.jpg", "../ch/../../2.jpg"],
        ["../ch/", "../ch/1.jpg", "../ch/..\\..\\2.jpg"],
        ["../ch/", "../ch/1.jpg", "../ch/run.sh"],
        ["../ch/", "../ch/1.jpg", "2.jpg"],
        ["../a/../ch/", "../a/../ch/1.jpg"],
        ["..\\ch\\", "..\\ch\\1.jpg"],
    ],
    ids=" ".join,
)
def test_all_other_names_that_lead_upwards_are_a_strike(names: list[str]) -> None:
    members = [Member(name, b"" if name.endswith(("/", "\\")) else b"x") for name in names]

    rejection = rejection_of(build_zip(members))

    assert (rejection.code, rejection.malicious) == ("path_traversal", True)


def test_a_link_in_a_folder_that_was_zipped_from_beside_it_is_a_strike() -> None:
    members = [Member("../ch/", b""), Member("../ch/1.jpg", b"/etc/passwd", mode=0o120777)]

    assert rejection_of(build_zip(members)).malicious


def test_dots_behind_half_a_japanese_letter_are_no_strike() -> None:
    name = "予定表../1.jpg".encode("shift_jis")
    assert b"\\../" in name

    rejection = rejection_of(build_zip([Member(name)]))

    assert (rejection.code, rejection.malicious) == ("path_traversal", False)


def test_pages_in_a_onedrive_folder_are_no_links() -> None:
    """There every file is a reparse point of Windows, and zip programs write that down."""
    archive = build_zip([page_member(1, attributes=0x0420), page_member(2, attributes=0x0420)])

    assert len(pages_of(archive)) == 2


@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX/ch/._Icon\r",
        "__MACOSX/ch/\t1.jpg",
        "__MACOSX/._\x7f",
        "ch/Icon\r",
        "Icon\r",
        "ch/._001.jpg",
        "ch/__MACOSX/ch/._001.jpg",
        "ch/.localized",
        "ch/.nomedia",
        "ch/.directory",
        "ch/ehthumbs.db",
        "ch/.dropbox.attr",
        "ch/.picasa.ini",
        "ch/@eaDir/001.jpg/SYNOPHOTO_THUMB_M.jpg",
        "ch/.@__thumb/001.jpg",
        "/ch/.DS_Store",
    ],
)
def test_what_systems_leave_in_folders_is_ignored_whatever_its_name(name: str) -> None:
    archive = build_zip([Member(name), Member("ch/1.jpg"), Member("ch/2.jpg")])

    assert names_of(archive) == ["ch/1.jpg", "ch/2.jpg"]


@pytest.mark.parametrize(
    "odd",
    [
        "page\u00a02",
        "page\u202f2",
        "page\u30002",
        "page\u2009\u20092",
        "\u200epage 2",
        "pa\u00adge 2",
    ],
)
def test_a_prefix_is_what_people_see_of_it(odd: str) -> None:
    archive = build_zip([Member("page 1.jpg"), Member(f"{odd}.jpg"), Member("page 3.jpg")])

    assert names_of(archive) == ["page 1.jpg", f"{odd}.jpg", "page 3.jpg"]


def test_backslashes_of_old_windows_programs_are_folders() -> None:
    archive = build_zip([Member("ch1\\1.jpg"), Member("ch1\\2.jpg"), Member("ch1\\", b"")])

    assert names_of(archive) == ["ch1\\1.jpg", "ch1\\2.jpg"]


@pytest.mark.parametrize(
    ("encoding", "flags", "folder"),
    [
        ("utf-8", 0x800, "Бөлүм 1"),
        ("utf-8", 0, "第1話"),
        ("cp866", 0, "Глава 1"),
        ("shift_jis", 0, "第1話 表紙"),
        ("ascii", 0, "Chapter 1"),
    ],
)
def test_folder_names_are_read_in_old_encodings(encoding: str, flags: int, folder: str) -> None:
    raw = f"{folder}/1.jpg".encode(encoding)

    names = names_of(build_zip([Member(raw, flags=flags)]))

    assert names == [f"{folder}/1.jpg"]


def test_a_name_in_no_known_encoding_is_shown_somehow() -> None:
    assert decode_name(b"\xff\xfe.jpg", is_utf8=True) == "\ufffd\ufffd.jpg"
    assert decode_name(b"\xb0\xff\xfe1.jpg", is_utf8=False).endswith("1.jpg")


def test_shown_names_hold_no_control_characters_and_are_short() -> None:
    shown = show_name("a\u202eb\x07" + "c" * 500)

    assert shown.startswith("a\ufffdb\ufffdc")
    assert len(shown) == 121


@pytest.mark.parametrize("form", ["signed", "unsigned", "wide"])
def test_honest_data_descriptors_are_accepted(form: str) -> None:
    archive = build_zip([page_member(n, descriptor=form) for n in (1, 2)])

    assert pages_of(archive) == [page_bytes(seed=1), page_bytes(seed=2)]


def test_streamed_zips_of_other_writers_are_accepted() -> None:
    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: Any) -> int:
            self.written += piece
            return len(piece)

    out = Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.jpg", page_bytes(seed=1))

    assert pages_of(bytes(out.written)) == [page_bytes(seed=1)]


@pytest.mark.parametrize("has_end64", [True, False])
def test_honest_zip64_is_accepted(has_end64: bool) -> None:
    archive = build_zip([page_member(n, zip64=True) for n in (1, 2)], zip64_end=has_end64)

    assert pages_of(archive) == [page_bytes(seed=1), page_bytes(seed=2)]


def test_a_zip64_field_that_is_too_short_is_corrupt() -> None:
    short = Member("1.jpg", extra=struct.pack("<2HL", 1, 4, 9), declared_bytes=0xFFFFFFFF)

    assert rejection_of(build_zip([short])).code == "corrupt"


def test_a_broken_zip64_end_is_corrupt() -> None:
    archive = zip_with(zip64_end=True)
    broken = archive.replace(b"PK\x06\x06", b"PK\x06\x05")

    assert rejection_of(broken).code == "corrupt"


def test_a_comment_is_allowed() -> None:
    assert len(names_of(zip_with(comment=b"scanned by " * 50))) == 2


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_archive_bytes": 1000}, "too_large"),
        ({"max_picture_bytes": 1000}, "too_large"),
        ({"max_inflated_bytes": 5000}, "too_large"),
        ({"max_pages": 1}, "too_many_files"),
        ({"max_entries": 1}, "too_many_files"),
    ],
)
def test_limits_are_kept_without_a_strike(limits: dict[str, int], code: str) -> None:
    rejection = rejection_of(zip_with(), **limits)

    assert (rejection.code, rejection.malicious) == (code, False)


def test_values_equal_to_their_limits_pass() -> None:
    archive = zip_with()
    sizes = [len(page_bytes(seed=n)) for n in (1, 2)]

    pages = pages_of(
        archive,
        max_archive_bytes=len(archive),
        max_picture_bytes=max(sizes),
        max_inflated_bytes=sum(sizes),
        max_pages=2,
        max_entries=2,
    )

    assert len(pages) == 2


def test_pages_that_together_inflate_a_thousandfold_are_a_bomb() -> None:
    archive = build_zip([Member(f"{n}.jpg", bytes(5_000_000)) for n in (1, 2, 3)])

    rejection = rejection_of(archive, max_inflated_bytes=10_000_000)

    assert (rejection.code, rejection.malicious) == ("bomb", True)


def test_a_page_just_over_the_limit_that_hides_it_is_a_bomb_without_a_strike() -> None:
    grainy = random.Random(1).randbytes(60_000)
    archive = build_zip([Member("1.jpg", grainy, declared_bytes=58_000)])

    rejection = rejection_of(archive, max_picture_bytes=59_000)

    assert (rejection.code, rejection.malicious) == ("bomb", False)


class CountingFile(io.BytesIO):
    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.bytes_read += len(found)
        return found


def test_preflight_reads_only_the_directory_and_the_headers() -> None:
    large = random.Random(2).randbytes(3_000_000)
    file = CountingFile(build_zip([Member("1.jpg", large, method=STORED)]))

    preflight(file)

    assert file.bytes_read < 70_000


def test_a_huge_directory_is_refused_before_it_is_read() -> None:
    file = CountingFile(far_too_many_entries())
    tracemalloc.start()

    with pytest.raises(ArchiveRejected):
        preflight(file)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_only_one_page_is_held_at_a_time() -> None:
    members = [Member(f"{n}.jpg", bytes([n]) * 2_000_000) for n in range(1, 9)]
    file = io.BytesIO(build_zip(members))
    plan = preflight(file)
    tracemalloc.start()

    for page in iter_pages(file, plan):
        assert len(page.data) == 2_000_000
        del page

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_comic_info_is_read() -> None:
    document = "<ComicInfo><Series> Жол </Series><Number>3</Number><Pages/></ComicInfo>".encode()
    archive = make_chapter_zip(1, extra_files={"ComicInfo.xml": document})
    file = io.BytesIO(archive)

    info = read_comic_info(file, preflight(file))

    assert info == {"Series": "Жол", "Number": "3"}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<ComicInfo>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="klingon"?><a><b>c</b></a>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><a><b>&b;</b></a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a><b>&b;</b></a>',
        b"<a><b>" + b"c" * 300_000 + b"</b></a>",
        b"<a>" * 5000,
    ],
    ids=range(8),
)
def test_broken_comic_info_is_ignored(document: bytes) -> None:
    file = io.BytesIO(make_chapter_zip(1, extra_files={"ComicInfo.xml": document}))

    assert read_comic_info(file, preflight(file)) == {}


def test_damaged_or_missing_comic_info_is_no_error() -> None:
    damaged = io.BytesIO(zip_with(Member("ComicInfo.xml", b"<a/>", crc32=1)))
    missing = io.BytesIO(zip_with())

    assert read_comic_info(damaged, preflight(damaged)) == {}
    assert read_comic_info(missing, preflight(missing)) == {}


def refuses_or_reads(archive: bytes) -> None:
    try:
        pages_of(archive, max_picture_bytes=100_000, max_inflated_bytes=1_000_000)
    except ArchiveRejected as rejection:
        assert rejection.message


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_only_ever_refused(noise: bytes) -> None:
    refuses_or_reads(noise)
    refuses_or_reads(b"PK\x03\x04" + noise + b"PK\x05\x06" + noise[:18])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_zips_are_only_ever_refused_or_read(data: st.DataObject) -> None:
    kinds = [
        zip_with(Member("ComicInfo.xml", b"<a/>"), zip64_end=True),
        build_zip([Member("1.jpg", b"abc", descriptor="signed"), Member("2.jpg", zip64=True)]),
        build_zip([Member("1.jpg", b"abc"), Member("a/", b""), Member("a/2.jpg")], comment=b"c"),
    ]
    archive = bytearray(data.draw(st.sampled_from(kinds)))
    # Most of a zip's structure is in its last bytes.
    places = st.integers(max(len(archive) - 400, 0), len(archive) - 1) | st.integers(0, 60)
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        archive[at] = value
    end = data.draw(st.integers(0, len(archive)) | st.just(len(archive)))

    refuses_or_reads(bytes(archive[:end]))
