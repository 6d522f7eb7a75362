"""The contents of the demo library: texts are in `library.toml`, pictures in `pictures`."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PICTURES = Path(__file__).with_name("pictures")
Names = dict[str, str]  # by language


@dataclass(frozen=True)
class DemoTitle:
    """A title; `folder` has its cover and the pages of its chapters."""

    folder: str
    name: str
    kind: str
    names: Names
    synopsis: Names
    categories: list[str]
    tags: list[str]
    people: dict[str, str]  # by role
    year: int
    original_language: str
    original_name: str
    popularity: int
    status: str = "ongoing"
    content_rating: str = "safe"
    direction: str = ""
    duration_minutes: int | None = None
    length: int | None = None
    season_count: int | None = None
    cast: Sequence[tuple[str, str]] = ()  # who plays, and whom

    @property
    def cover(self) -> Path:
        """The path of the cover's picture."""
        return PICTURES / self.folder / "cover.webp"

    @property
    def screenshots(self) -> list[Path]:
        """The paths of the screenshots' pictures."""
        return sorted((PICTURES / self.folder).glob("screenshot-*.webp"))


_WORDS = tomllib.loads(Path(__file__).with_name("library.toml").read_text(encoding="utf-8"))
CATEGORIES: dict[str, Names] = _WORDS["categories"]
TAGS: dict[str, Names] = _WORDS["tags"]
PEOPLE: dict[str, Names] = _WORDS["people"]
TITLES = tuple(DemoTitle(folder=folder, **words) for folder, words in _WORDS["titles"].items())
