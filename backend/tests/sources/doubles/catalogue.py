"""What the doubles know: a small invented catalogue, one row for what several sites have."""

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID, uuid5

from PIL import Image, ImageDraw

_SPACE = UUID("6f0d1c1e-5a5e-4d3e-9a55-0c7d8b0f4a11")
COVER_SIZE = (230, 325)
PAGE_SIZE = (480, 680)


def uid(name: str) -> str:
    """Return the same UUID for a name in each run."""
    return str(uuid5(_SPACE, name))


@dataclass(frozen=True)
class Chapter:
    """A chapter at MangaDex; `external` ones have no pages there."""

    number: str | None
    language: str
    group: str  # empty: none
    pages: int = 3
    volume: str | None = None
    title: str = ""
    external: str = ""

    def id_in(self, work: "Work") -> str:
        """Return its id."""
        return uid(f"{work.key} {self.number} {self.language} {self.group} {self.title}")


@dataclass(frozen=True)
class Work:
    """A title. `anilist`, `mangadex` and `kitsu` say where it is known."""

    key: str
    english: str | None
    romaji: str | None = None
    native: str | None = None
    type: str = "MANGA"
    format: str | None = "MANGA"
    status: str | None = "RELEASING"
    country: str | None = "JP"
    year: int | None = None
    length: int | None = None
    volumes: int | None = None
    minutes: int | None = None
    is_adult: bool | None = False
    genres: tuple[str, ...] = ()
    story: str | None = None
    russian: str = ""
    kyrgyz: str = ""
    author: str = ""
    artist: str = ""
    studio: str = ""
    anilist: int | None = None
    mal: int | None = None
    mangadex: bool = False
    kitsu: int | None = None
    related: tuple[tuple[str, str], ...] = ()  # (relation, key)
    chapters: tuple[Chapter, ...] = ()

    @property
    def mangadex_id(self) -> str:
        """Return its id at MangaDex."""
        return uid(self.key)


ALA_TOO, OSH = "Ala-Too Scans", "Ош Команда"
GROUPS = (ALA_TOO, OSH)


def _wolf_chapters() -> tuple[Chapter, ...]:
    found = []
    for number in ("1", "2", "3", "4", "4.5", "5"):
        volume = "1" if float(number) < 4 else "2"
        found += [
            Chapter(number, "en", ALA_TOO, volume=volume, title=f"Trail {number}"),
            Chapter(number, "ru", OSH, volume=volume),
        ]
        if float(number) <= 4:
            found.append(Chapter(number, "ky", OSH, volume=volume, title=f"Из {number}"))
    found.append(Chapter("1", "ru", ALA_TOO, volume="1"))  # another group's of the same number
    found.append(Chapter("6", "en", "", pages=0, external="https://reader.example/wolf/6"))
    return tuple(found)


WORKS: tuple[Work, ...] = (
    Work(
        "wolf", "Blue Wolf of the Pass", "Aoi Ōkami", "青い狼", year=2019,
        genres=("Adventure", "Drama"),
        story="A shepherd girl follows a wolf.<br><br><i>It knows the way.</i> ~!The wolf is her"
        " brother.!~ &amp; more.", russian="Синий волк перевала", kyrgyz="Ашуунун көк бөрүсү",
        author="Asel Tanaka", artist="Ren Mori", anilist=30101, mal=9101, mangadex=True, kitsu=501,
        related=(("ADAPTATION", "wolf-anime"), ("SIDE_STORY", "salt")), chapters=_wolf_chapters(),
    ),
    Work(
        "salt", "Salt Road", "Shio no Michi", "塩の道", status="FINISHED", year=2012, length=24,
        volumes=3, genres=("Historical",), story="A caravan counts its days.", author="Jun Saito",
        artist="Jun Saito", anilist=30102, mal=9102, mangadex=True, kitsu=502,
        related=(("PARENT", "wolf"),),
        chapters=tuple(
            Chapter(str(number), "en", ALA_TOO, pages=2, volume=str((number + 7) // 8))
            for number in range(1, 25)
        ),
    ),
    Work(
        "kokboru", "Riders of Kok-Boru", None, "コクボル", status="HIATUS", year=2021,
        genres=("Sports", "Ecchi"), story="Two teams, one goat.", author="Emi Kondo", anilist=30103,
        mal=9103,
    ),
    Work(
        "naryn", "Night Train to Naryn", None, "ナリン行き", format="ONE_SHOT", status="FINISHED",
        year=2020, story="One night, one compartment.", russian="Ночной поезд в Нарын",
        author="Mika Abe", artist="Mika Abe", mangadex=True,
        chapters=(
            Chapter(None, "en", ALA_TOO, pages=4, title="Night Train to Naryn"),
            Chapter(None, "ky", OSH, pages=4, title="Нарынга түнкү поезд"),
        ),
    ),
    Work(
        "moon", "Moon over Son-Kul", "Songkul-ui Dal", "송쿨의 달", country="KR", year=2022,
        genres=("Romance",), story="A lake keeps what it hears.", author="Han Jiwoo",
        artist="Han Jiwoo", anilist=30105, mangadex=True,
        chapters=(
            Chapter("1", "en", ALA_TOO, pages=2), Chapter("1", "ru", OSH, pages=2),
            Chapter("2", "en", ALA_TOO, pages=2),
        ),
    ),
    Work(
        "crane", "Crane and Sword", "He yu Jian", "鹤与剑", country="CN", status="FINISHED",
        year=2016, length=60, volumes=6, genres=("Action",), author="Li Wei", anilist=30106,
        mal=9106,
    ),
    Work(
        "yurt", "The Yurt That Walked", None, "Баскан боз үй", country="KG", year=2023,
        kyrgyz="Баскан боз үй", russian="Шагающая юрта", author="Айбек Сыдыков", mangadex=True,
        chapters=(
            Chapter("1", "ky", OSH, volume="1"), Chapter("1", "ky", OSH, volume="2"),
            Chapter("1", "ru", OSH, volume="1"),
        ),
    ),
    Work(
        "letters", "Letters from Osh", "Oshu kara no Tegami", "オシュからの手紙", format="NOVEL",
        status="FINISHED", year=2009, length=40, volumes=4, author="Nao Ito", anilist=30108,
        mal=9108, kitsu=503,
    ),
    Work(
        "after-dark", "After the Bazaar Closes", None, "夜の市場", year=2018, is_adult=True,
        story="For adults.", author="Anon", anilist=30109, mangadex=True,
        chapters=(Chapter("1", "en", ALA_TOO, pages=2), Chapter("2", "en", ALA_TOO, pages=2)),
    ),
    Work(
        "wolf-anime", "Blue Wolf of the Pass", "Aoi Ōkami", "青い狼", type="ANIME", format="TV",
        status="FINISHED", year=2022, length=24, minutes=24, genres=("Adventure",),
        story="The wolf, in colour.", author="Asel Tanaka", studio="Studio Karakol", anilist=40110,
        mal=8110, kitsu=601, related=(("SOURCE", "wolf"), ("SEQUEL", "wings")),
    ),
    Work(
        "wings", "Wings of the Steppe", "Sōgen no Tsubasa", "草原の翼", type="ANIME",
        format="MOVIE", status="FINISHED", year=2023, length=1, minutes=104, genres=("Adventure",),
        studio="Studio Karakol", anilist=40111, mal=8111, kitsu=602,
        related=(("PREQUEL", "wolf-anime"),),
    ),
    Work(
        "horses", "Horse Thief Academy", "Umadorobō Gakuen", "馬泥棒学園", type="ANIME",
        format="TV", status="NOT_YET_RELEASED", studio="Studio Karakol", anilist=40112,
    ),
    # Nearly everything may be null there.
    Work("nameless", None, None, "無名峰", format=None, status=None, country=None, is_adult=None,
         anilist=30113),
)  # fmt: skip
BY_KEY = {work.key: work for work in WORKS}


def find(works: tuple[Work, ...], text: str) -> list[Work]:
    """Return the works of which a name holds all words of `text`, those that begin so first."""
    words = text.casefold().split()

    def names(work: Work) -> list[str]:
        every = (work.english, work.romaji, work.native, work.russian, work.kyrgyz)
        return [name.casefold() for name in every if name]

    found = [w for w in works if any(all(word in name for word in words) for name in names(w))]
    whole = " ".join(words)
    return sorted(found, key=lambda work: not any(n.startswith(whole) for n in names(work)))


@lru_cache(maxsize=512)
def draw(label: str, size: tuple[int, int] = PAGE_SIZE, image_format: str = "PNG") -> bytes:
    """Return a picture that differs with its label."""
    seed = hashlib.sha256(label.encode()).digest()
    width, height = size
    picture = Image.new("RGB", size, (250, 248, 242))
    brush = ImageDraw.Draw(picture)
    for at in range(0, 30, 5):
        left, top = seed[at] * width // 320, seed[at + 1] * height // 320
        right, bottom = (
            left + seed[at + 2] * width // 400 + 8,
            top + seed[at + 3] * height // 400 + 8,
        )
        shade = seed[at + 4]
        shape = brush.ellipse if shade % 2 else brush.rectangle
        shape(
            (left, top, right, bottom), fill=(shade, shade // 2, 90), outline=(20, 20, 20), width=3
        )
    brush.rectangle((0, 0, width - 1, height - 1), outline=(20, 20, 20), width=4)
    brush.text((14, 12), label, fill=(20, 20, 20))
    out = io.BytesIO()
    picture.save(out, image_format)
    return out.getvalue()


def page_bytes(chapter_id: str, number: int) -> bytes:
    """Return a page of a chapter."""
    return draw(f"{chapter_id[:8]} {number}")


def cover_bytes(key: str) -> bytes:
    """Return the cover of a work."""
    return draw(key, COVER_SIZE, "JPEG")
