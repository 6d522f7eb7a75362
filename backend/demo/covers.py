"""Covers: a scene between two felt borders, with the name lettered large."""

from PIL import Image, ImageDraw

from demo.lettering import text_width, wrap, write_line
from demo.painting import Palette, blend, draw_felt_border
from demo.scenes import draw_scene

WIDTH, HEIGHT = 800, 1200
_BORDER = 76
_TITLE_WIDTH = 660


def draw_cover(
    name: str, subtitle: str, authors: str, *, palette: Palette, scene: str
) -> Image.Image:
    """Return a cover of 800 x 1200 pixels."""
    cover = draw_scene(scene, (WIDTH, HEIGHT), palette, f"cover {name}")
    _shade(cover, 0, 620, blend(palette.sky, palette.ink, 0.6), strength=0.95)
    _shade(cover, HEIGHT - 330, HEIGHT, blend(palette.ground, palette.ink, 0.7), strength=0.9)
    large = cover.resize((WIDTH * 2, HEIGHT * 2), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(large)
    for top in (0, HEIGHT - _BORDER):
        draw_felt_border(
            draw, (0, top * 2, WIDTH * 2, (top + _BORDER) * 2), palette.accent, palette.paper
        )
    _write_title(draw, name, subtitle, palette)
    write_line(
        draw, (WIDTH, (HEIGHT - _BORDER - 30) * 2), authors, size=52, weight=600, fill=palette.paper
    )
    return large.reduce(2)


def _shade(cover: Image.Image, top: int, bottom: int, dark: str, *, strength: float) -> None:
    """Darken the band towards the cover's edge, so that letters stand out."""
    size = (WIDTH, bottom - top)
    mask = Image.linear_gradient("L").resize(size).point(lambda value: value * strength)
    if top == 0:
        mask = mask.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    cover.paste(Image.new("RGB", size, dark), (0, top), mask)


def _write_title(draw: ImageDraw.ImageDraw, name: str, subtitle: str, palette: Palette) -> None:
    size, weight = 200, 900
    words = name.upper()
    while size > 90:
        lines = wrap(words, size, weight, _TITLE_WIDTH * 2)
        if (
            len(lines) <= 3
            and max(text_width(line, size, weight) for line in lines) <= _TITLE_WIDTH * 2
        ):
            break
        size -= 8
    baseline = (_BORDER + 34) * 2 + size * 0.75
    for line in wrap(words, size, weight, _TITLE_WIDTH * 2):
        at = float(WIDTH), baseline
        write_line(
            draw,
            (at[0] + 6, at[1] + 8),
            line,
            size=size,
            weight=weight,
            fill=blend(palette.sky, palette.ink, 0.8),
        )
        write_line(draw, at, line, size=size, weight=weight, fill=palette.paper)
        baseline += size * 0.98
    baseline -= size * 0.98 - 84
    write_line(draw, (WIDTH, baseline), subtitle, size=60, weight=700, fill=palette.sun)
