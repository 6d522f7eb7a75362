"""An archive of one's own as a source: names, ComicInfo, pages, and what may not lead out of it."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.files.storages import bucket_beside
from sources.contract import (
    Client,
    CreditRole,
    FoundImage,
    Gone,
    Kind,
    Rating,
    Source,
    SourceFailed,
    Unreadable,
)
from sources.plugins.folder import Folder
from sources.plugins.folder.chapter_names import guess_chapter, guess_language
from tests.reader.archive_builders import make_chapter_zip

INFO = """<?xml version="1.0"?><ComicInfo><Series>Көк бөрү</Series>
<Summary>Бир &lt;b&gt;кыз&lt;/b&gt;</Summary><Writer>Асел, Бакыт</Writer><Penciller>Асел</Penciller>
<LanguageISO>ky</LanguageISO><Year>2019</Year><Count>12</Count>
<Genre>Drama, Adventure</Genre><AgeRating>Teen</AgeRating><Manga>No</Manga><Web>https://group.example/wolf</Web></ComicInfo>""".encode()


class NoClient:
    """A client that nobody may use: the folder works without the internet."""

    def request(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("the folder needs no network")


def folder_at(address: Any, settings: Any) -> Source:
    settings.SOURCE_ADDRESSES = {"SOURCE_FOLDER": str(address)}
    client: Client = NoClient()
    return Folder(client)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    archives = {
        "Көк бөрү/1-том 1-бөлүм.cbz": make_chapter_zip(2, extra_files={"ComicInfo.xml": INFO}),
        "Көк бөрү/1-том 2-бөлүм [ru].cbz": make_chapter_zip(1),
        "Көк бөрү/Том 2/[Ош] Көк бөрү - 003.5 - Түн.zip": make_chapter_zip(1),
        "Night Train/night train.cbz": make_chapter_zip(1),
        "Night Train/readme.txt": b"no chapter",
        "Night Train/.hidden.cbz": make_chapter_zip(1),
    }
    for name, data in archives.items():
        path = tmp_path / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "archive"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("v02 c010.5 [ru].cbz", (Decimal("10.5"), 2, "ru", "", "")),
        ("Vol.1 Ch.003 - The Pass.zip", (Decimal(3), 1, "", "", "The Pass")),
        ("Том 2/Глава 10.zip", (Decimal(10), 2, "", "", "")),
        ("2-том 10-бөлүм.cbz", (Decimal(10), 2, "", "", "")),
        ("2/10.cbz", (Decimal(10), 2, "", "", "")),
        ("ru/10.cbz", (Decimal(10), None, "ru", "", "")),
        ("[Ala-Too] Wolf 2 - 012 (2019) (en).cbz", (Decimal(12), None, "en", "Ala-Too", "")),
        ("Wolf 2 - 012 - Part 3.cbz", (Decimal(12), None, "", "", "Part 3")),
        ("wolf_2_v01_c004.cbz", (Decimal(4), 1, "", "", "")),
        ("１２話.cbz", (None, None, "", "", "")),
        ("c1,5.cbz", (Decimal("1.5"), None, "", "", "")),
        ("#7.cbz", (Decimal(7), None, "", "", "")),
        ("One night.cbz", (None, None, "", "", "")),
        ("1234567890.cbz", (None, None, "", "", "")),
        (".cbz", (None, None, "", "", "")),
    ],
)
@pytest.mark.same_everywhere
def test_the_name_of_an_archive_tells_its_chapter(path, expected):
    told = guess_chapter(path, series="Wolf 2")

    assert (told.number, told.volume, told.language, told.group, told.title) == expected


@pytest.mark.same_everywhere
def test_letters_tell_the_language():
    assert [guess_language(text) for text in ("Көк бөрү", "Волк", "Wolf")] == ["ky", "ru", "en"]


@pytest.mark.same_everywhere
def test_series_are_found_by_their_folders(root, settings):
    source = folder_at(root, settings)

    assert [one.name for one in source.search("көк")] == ["Көк бөрү"]
    assert [one.name for one in source.search("TRAIN night")] == ["Night Train"]
    assert source.search("  ") == source.search("train", kind=Kind.ANIME) == []


@pytest.mark.same_everywhere
def test_details_come_from_comic_info_as_plain_values(root, settings):
    source = folder_at(root, settings)

    found = source.get_details(source.search("бөрү")[0].id)

    assert (found.name, found.kind, found.year, found.length) == (
        "Көк бөрү", Kind.COMIC, 2019, 12,
    )  # fmt: skip
    assert (found.synopsis, found.rating) == ({"ky": "Бир кыз"}, Rating.SAFE)
    assert [(one.name, one.role) for one in found.people] == [
        ("Асел", CreditRole.AUTHOR), ("Бакыт", CreditRole.AUTHOR), ("Асел", CreditRole.ARTIST),
    ]  # fmt: skip
    assert (found.genres, found.site_url) == (("Drama", "Adventure"), "https://group.example/wolf")


@pytest.mark.same_everywhere
def test_chapters_come_in_order_with_what_their_names_say(root, settings):
    source = folder_at(root, settings)
    wolf, train = source.search("бөрү")[0].id, source.search("train")[0].id

    found = source.get_chapters(wolf)

    assert [(one.number, one.volume, one.language, one.groups, one.title) for one in found] == [
        (Decimal(1), 1, "ky", (), ""), (Decimal(2), 1, "ru", (), ""),
        (Decimal("3.5"), 2, "ky", ("Ош",), "Түн"),
    ]  # fmt: skip
    assert [one.number for one in source.get_chapters(wolf, languages=["ru"])] == [Decimal(2)]
    assert [(one.number, one.language, one.title) for one in source.get_chapters(train)] == [
        (None, "en", "night train"),
    ]  # fmt: skip


@pytest.mark.same_everywhere
def test_pages_come_out_of_the_archive_in_the_order_of_their_numbers(root, settings):
    names = ["page 10.png", "page 9.png", "sub/../x.png", "__MACOSX/._page 9.png", "notes.txt"]
    pages = {name: b"\x89PNG " + name.encode() for name in names}
    (root / "Night Train" / "night train.cbz").write_bytes(_zip(pages))
    source = folder_at(root, settings)
    chapter = source.get_chapters(source.search("train")[0].id)[0]

    images = source.get_images(chapter.id)

    assert [source.get_image(image) for image in images] == [b"\x89PNG page 9.png",
                                                             b"\x89PNG page 10.png"]  # fmt: skip
    # Another process goes on with the same ids.
    assert folder_at(root, settings).get_image(images[1]) == b"\x89PNG page 10.png"
    with pytest.raises(Gone):
        source.get_image(FoundImage(f"{chapter.id}/3"))


def _zip(files: dict[str, bytes]) -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.same_everywhere
def test_no_id_and_no_link_leads_out_of_the_folder(root, settings, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "1.cbz").write_bytes(make_chapter_zip(1))
    (root / "linked").symlink_to(outside)
    (root / "Night Train" / "2.cbz").symlink_to(outside / "1.cbz")
    (root / "Night Train" / "more").symlink_to(outside)
    source = folder_at(root, settings)

    assert source.search("linked") == []
    assert len(source.get_chapters(source.search("train")[0].id)) == 1
    for wrong in ("", "..", "../outside", "linked", "/etc", "a-b-c"):
        with pytest.raises(Gone):
            source.get_details(wrong)
        with pytest.raises(Gone):
            source.get_images(f"{wrong}-1")


@pytest.mark.same_everywhere
def test_a_folder_that_becomes_a_link_leads_nowhere(root, settings, tmp_path):
    source = folder_at(root, settings)
    (tmp_path / "moved").mkdir()
    series = root / "Night Train"
    listed = source._place.archives("Night Train")

    series.rename(tmp_path / "moved" / "Night Train")
    series.symlink_to(tmp_path / "moved" / "Night Train")

    with pytest.raises(OSError, match="night train"):
        source._place.open("Night Train", listed[0])


@pytest.mark.same_everywhere
def test_names_in_old_encodings_are_read(root, settings):
    folder = root / os.fsdecode("Алыкул".encode("cp866"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    (folder / "1.cbz").write_bytes(make_chapter_zip(1))
    source = folder_at(root, settings)

    [found] = source.search("алыкул")

    assert found.name == "Алыкул"
    [chapter] = source.get_chapters(found.id)
    assert (chapter.language, len(source.get_images(chapter.id))) == ("ru", 1)


@pytest.mark.same_everywhere
def test_a_broken_archive_stops_only_its_chapter(root, settings):
    (root / "Көк бөрү" / "1-том 1-бөлүм.cbz").write_bytes(b"PK\x03\x04 and no more")
    source = folder_at(root, settings)
    wolf = source.search("бөрү")[0].id

    chapters = source.get_chapters(wolf)

    assert source.get_details(wolf).name == "Көк бөрү"
    assert len(chapters) == 3
    with pytest.raises(Unreadable):
        source.get_images(chapters[0].id)
    assert source.get_images(chapters[1].id)


@pytest.mark.same_everywhere
def test_a_folder_that_is_not_there_is_a_source_that_is_down(settings, tmp_path):
    for address in (tmp_path / "nothing", "s3://bucket-without-a-server/x"):
        with pytest.raises(SourceFailed) as failed:
            folder_at(address, settings).search("wolf")
        assert failed.value.code == "source_down"


@pytest.mark.django_db  # so that it runs with services, too
def test_a_prefix_of_a_bucket_is_read_alike(settings):
    if "endpoint_url" not in settings.STORAGES["quarantine"].get("OPTIONS", {}):
        pytest.skip("there is no S3 in this profile")
    name = settings.STORAGES["quarantine"]["OPTIONS"]["bucket_name"]
    bucket = bucket_beside(name, "own/archive")
    keys = ["Көк бөрү/2-том 3-бөлүм.cbz", "Көк бөрү/deep/er/4.cbz", "Көк бөрү/readme.txt"]
    try:
        for key in keys:
            bucket.bucket.put_object(
                Key=f"own/archive/{key}",
                Body=make_chapter_zip(3, extra_files={"ComicInfo.xml": INFO}),
            )
        source = folder_at(f"s3://{name}/own/archive/", settings)

        [found] = source.search("бөрү")
        [chapter] = source.get_chapters(found.id)
        pages = [source.get_image(image) for image in source.get_images(chapter.id)]

        assert source.get_details(found.id).year == 2019
        assert (chapter.number, chapter.volume, chapter.language) == (Decimal(3), 2, "ky")
        assert len(set(pages)) == 3
        assert all(page for page in pages)
    finally:
        for key in keys:
            bucket.bucket.Object(f"own/archive/{key}").delete()
