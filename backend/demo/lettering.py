"""Letters for drawn covers and pages: the web app's own font, which knows Kyrgyz."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from PIL import ImageDraw, ImageFont

from catalog.slugs import slug_base

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_SUBSETS = ("latin", "cyrillic", "cyrillic-ext")
_EXTENDED = frozenset("ңөүҢӨҮ")


def _subset_of(char: str) -> str:
    if char in _EXTENDED:
        return "cyrillic-ext"
    return "cyrillic" if "Ѐ" <= char <= "ӿ" else "latin"


@lru_cache(maxsize=1)
def _font_files() -> dict[str, Path]:
    """Where npm or the web app's build has put the font's subsets; empty where neither was run."""
    frontend: Path = settings.FRONTEND_BUILD.parent
    found: dict[str, Path] = {}
    for folder in ("build/_app/immutable/assets", "node_modules/@fontsource-variable/*/files"):
        for subset in _SUBSETS:
            for path in sorted(frontend.glob(f"{folder}/*-{subset}-wght-normal*.woff2")):
                found.setdefault(subset, path)
        if len(found) == len(_SUBSETS):
            return found
    return {}


@lru_cache(maxsize=200)
def _font(subset: str, size: int, weight: int) -> Font:
    files = _font_files()
    if not files:
        return ImageFont.load_default(size)
    font = ImageFont.truetype(files[subset], size)
    font.set_variation_by_axes([weight])
    return font


def _runs(text: str) -> list[tuple[str, str]]:
    """Cut a text where its script changes; without our font it is written in Latin letters."""
    if not _font_files():
        plain = text if text.isascii() else slug_base(text).replace("-", " ").upper()
        return [("latin", plain)]
    runs: list[tuple[str, str]] = []
    for char in text:
        subset = _subset_of(char)
        if runs and (runs[-1][0] == subset or (char == " " and runs[-1][0] != "cyrillic-ext")):
            runs[-1] = (runs[-1][0], runs[-1][1] + char)
        else:
            runs.append((subset, char))
    return runs


def text_width(text: str, size: int, weight: int) -> float:
    """Return how wide a line is, in pixels."""
    return sum(_font(subset, size, weight).getlength(run) for subset, run in _runs(text))


def wrap(text: str, size: int, weight: int, max_width: float) -> list[str]:
    """Break a text into lines at its spaces."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, weight) <= max_width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def write_line(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    *,
    size: int,
    weight: int,
    fill: str,
    centred: bool = True,
) -> None:
    """Write one line with its baseline at `at`, which is its middle or its beginning."""
    x, baseline = at
    if centred:
        x -= text_width(text, size, weight) / 2
    for subset, run in _runs(text):
        font = _font(subset, size, weight)
        draw.text((x, baseline), run, font=font, fill=fill, anchor="ls")
        x += font.getlength(run)
