"""Whole pages: panels, speech balloons and page numbers, in the way each kind is read."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from demo.lettering import text_width, wrap, write_line
from demo.painting import Palette
from demo.scenes import draw_scene

WIDTH, HEIGHT = 800, 1160
STRIP_WIDTH = 720
_MARGIN, _GUTTER = 34, 14
_LETTER = 21
_WEIGHT = 600
Box = tuple[int, int, int, int]

# Rows of a page: their share of its height, and the shares of the panels in them.
_LAYOUTS: tuple[tuple[tuple[float, tuple[float, ...]], ...], ...] = (
    ((0.38, (1.0,)), (0.32, (0.55, 0.45)), (0.3, (0.4, 0.6))),
    ((0.3, (0.42, 0.58)), (0.42, (1.0,)), (0.28, (0.5, 0.5))),
    ((0.55, (1.0,)), (0.45, (0.5, 0.5))),
    ((0.34, (0.6, 0.4)), (0.33, (0.35, 0.65)), (0.33, (1.0,))),
    ((0.5, (0.5, 0.5)), (0.5, (1.0,))),
)


@dataclass(frozen=True)
class Look:
    """How the pages of a series look: its colours, its scenes, and whether they are grey."""

    palette: Palette
    scenes: tuple[str, ...]
    is_grey: bool = False
    is_right_to_left: bool = False


def draw_page(look: Look, *, seed: str, number: int, lines: Sequence[str]) -> Image.Image:
    """Return one page of panels; `lines` are what is said on it, in reading order."""
    dice = random.Random(f"{seed} {number}")  # noqa: S311 - the same page every time, no secret
    page = Image.new("RGB", (WIDTH, HEIGHT), look.palette.paper)
    draw = ImageDraw.Draw(page)
    boxes = _panels(_LAYOUTS[(number + len(seed)) % len(_LAYOUTS)], look)
    scenes = _scenes_of(look, number, len(boxes))
    for box, scene in zip(boxes, scenes, strict=True):
        panel = draw_scene(
            scene, (box[2] - box[0], box[3] - box[1]), look.palette, f"{seed} {number} {box}"
        )
        page.paste(_toned(panel) if look.is_grey else panel, box[:2])
        draw.rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), outline=look.palette.ink, width=4)
    speakers = sorted(dice.sample(range(len(boxes)), k=min(len(lines), len(boxes))))
    for box, line in zip((boxes[index] for index in speakers), lines, strict=False):
        _say(page, box, line, look, at_right=dice.random() < 0.5)
    _write_number(draw, number, look.palette.ink)
    return page.convert("L") if look.is_grey else page


def draw_double_page(look: Look, *, seed: str, number: int, line: str) -> Image.Image:
    """Return one wide picture over two pages."""
    page = draw_scene(look.scenes[0], (WIDTH * 2, HEIGHT), look.palette, f"{seed} {number} wide")
    if look.is_grey:
        page = _toned(page).convert("RGB")
    _say(page, (60, 40, WIDTH, HEIGHT // 2), line, look, at_right=False)
    return page.convert("L") if look.is_grey else page


def draw_strip(
    look: Look, *, seed: str, number: int, lines: Sequence[str], panels: int
) -> Image.Image:
    """Return one long picture to be scrolled: panel below panel, with breath between them."""
    dice = random.Random(f"{seed} {number}")  # noqa: S311 - the same strip every time, no secret
    heights = [dice.choice((560, 720, 900)) for _ in range(panels)]
    breath = 90
    strip = Image.new("RGB", (STRIP_WIDTH, sum(heights) + breath * panels), look.palette.paper)
    top = breath // 2
    for index, (height, scene) in enumerate(
        zip(heights, _scenes_of(look, number, panels), strict=True)
    ):
        inset = dice.choice((0, 0, 40))
        panel = draw_scene(
            scene, (STRIP_WIDTH - 2 * inset, height), look.palette, f"{seed} {number} {index}"
        )
        strip.paste(panel, (inset, top))
        if index < len(lines):
            _say(
                strip,
                (inset, top, STRIP_WIDTH - inset, top + height),
                lines[index],
                look,
                at_right=index % 2 == 1,
            )
        top += height + breath
    return strip


def _panels(layout: Sequence[tuple[float, tuple[float, ...]]], look: Look) -> list[Box]:
    boxes: list[Box] = []
    inner_width, inner_height = WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN - 26
    top = float(_MARGIN)
    for share, columns in layout:
        height = (inner_height - _GUTTER * (len(layout) - 1)) * share
        left = float(_MARGIN)
        for column in columns:
            width = (inner_width - _GUTTER * (len(columns) - 1)) * column
            start = WIDTH - left - width if look.is_right_to_left else left
            boxes.append((round(start), round(top), round(start + width), round(top + height)))
            left += width + _GUTTER
        top += height + _GUTTER
    return boxes


def _scenes_of(look: Look, number: int, count: int) -> list[str]:
    start = (number - 1) * 3
    return [look.scenes[(start + index) % len(look.scenes)] for index in range(count)]


def _toned(panel: Image.Image) -> Image.Image:
    """Return the panel in greys with a screen of dots in its middle tones, as manga is printed."""
    grey = panel.convert("L").point(lambda value: min(255, round(value * 1.15)))
    dots = ImageChops.add(grey, _screen(grey.size), scale=1, offset=-128)
    return Image.blend(grey, dots.point(lambda value: 0 if value < 90 else 255), 0.16)


@lru_cache(maxsize=40)
def _screen(size: tuple[int, int]) -> Image.Image:
    step = 6
    dot = Image.radial_gradient("L").resize((step, step), Image.Resampling.BILINEAR)
    row = Image.new("L", (size[0], step))
    for x in range(0, size[0], step):
        row.paste(dot, (x, 0))
    screen = Image.new("L", size)
    for index, y in enumerate(range(0, size[1], step)):
        screen.paste(ImageChops.offset(row, (index % 2) * step // 2, 0), (0, y))
    return screen


def _say(page: Image.Image, box: Box, line: str, look: Look, *, at_right: bool) -> None:
    """Put a speech balloon into the upper corner of a panel."""
    scale = 2
    room = (box[2] - box[0]) * 0.62
    size, weight = _LETTER * scale, _WEIGHT
    rows = wrap(line, size, weight, max(room * scale * 0.72, 150 * scale))
    widest = max(text_width(row, size, weight) for row in rows)
    leading = round(size * 1.18)
    width = round(widest * 1.22 + 34 * scale)
    height = round(leading * len(rows) * 1.32 + 26 * scale)
    tail = 26 * scale
    balloon = Image.new("RGBA", (width, height + tail), (0, 0, 0, 0))
    draw = ImageDraw.Draw(balloon)
    pen = 3 * scale
    start = width * (0.62 if at_right else 0.38)
    tip = start + (-width if at_right else width) * 0.12, height + tail - 2
    draw.polygon([(start - 20, height - 16), tip, (start + 24, height - 16)], fill=look.palette.ink)
    draw.rounded_rectangle(
        (0, 0, width - 1, height - 1),
        radius=min(height // 2, 56),
        fill="#ffffff",
        outline=look.palette.ink,
        width=pen,
    )
    draw.polygon(
        [(start - 12, height - pen - 2), (tip[0], tip[1] - 10), (start + 14, height - pen - 2)],
        fill="#ffffff",
    )
    first = (height - leading * (len(rows) - 1)) / 2 + size * 0.35
    for index, row in enumerate(rows):
        write_line(
            draw,
            (width / 2, first + index * leading),
            row,
            size=size,
            weight=weight,
            fill=look.palette.ink,
        )
    small = balloon.reduce(scale)
    left = box[2] - small.width - 16 if at_right else box[0] + 16
    left = min(max(left, 6), page.width - small.width - 6)
    page.paste(small, (left, box[1] + 14), small)


def _write_number(draw: ImageDraw.ImageDraw, number: int, ink: str) -> None:
    write_line(draw, (WIDTH / 2, HEIGHT - 16), str(number), size=18, weight=500, fill=ink)
