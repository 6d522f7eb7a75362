"""Makes chapter zips to measure with, whose pictures cost a decoder as much as scans do."""

import io
import random
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = 1400, 2000
DRAWINGS = 6


def draw_scan(number: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a page-like picture: paper with grain, lines, soft areas and dots."""
    dice = random.Random(number)
    grain = Image.effect_noise(size, 22)
    paper = Image.merge("RGB", (grain, grain.transpose(Image.Transpose.ROTATE_180), grain))
    drawn = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(drawn)
    for _ in range(120):
        x, y = dice.randrange(size[0]), dice.randrange(size[1])
        radius = dice.randrange(10, 220)
        shade = tuple(dice.randrange(256) for _ in range(3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=shade, width=4)
        draw.line((x, y, dice.randrange(size[0]), dice.randrange(size[1])), fill=shade, width=3)
    return Image.blend(drawn.filter(ImageFilter.GaussianBlur(1)), paper, 0.18)


def write_chapter(path: Path, image_format: str, pages: int) -> Path:
    """Write a zip of `pages` JPEG, PNG or WebP pages of 1400 x 2000 pixels."""
    options = {"jpeg": {"quality": 85}, "png": {"compress_level": 6}, "webp": {"quality": 80}}
    drawings = []
    for number in range(min(DRAWINGS, pages)):
        out = io.BytesIO()
        draw_scan(number).save(out, image_format, **options[image_format])
        drawings.append(out.getvalue())
    return _write(path, drawings, image_format, pages)


def write_large_chapter(path: Path, megabytes: int) -> Path:
    """Write a zip of nearly `megabytes`, of noise pages of 12 megapixels."""
    drawings = []
    for number in range(3):
        out = io.BytesIO()
        draw_scan(number, (3000, 4000)).save(out, "jpeg", quality=97)
        drawings.append(out.getvalue())
    average = sum(map(len, drawings)) / len(drawings)
    return _write(path, drawings, "jpeg", int(megabytes * 2**20 * 0.99 / average))


def _write(path: Path, drawings: list[bytes], extension: str, pages: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(1, pages + 1):
            archive.writestr(f"{number:03}.{extension}", drawings[number % len(drawings)])
    return path
