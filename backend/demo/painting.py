"""What pictures are made of: colours, gradients, ridges of mountains, felt ornaments.

Everything is drawn at twice its size and reduced, which smooths all edges at little cost.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageColor, ImageDraw, ImageOps

SCALE = 2
Point = tuple[float, float]


@dataclass(frozen=True)
class Palette:
    """The colours of one series, as "#rrggbb"."""

    sky: str
    horizon: str
    sun: str
    far: str
    near: str
    ground: str
    accent: str
    ink: str = "#1c1b1a"
    paper: str = "#fbf8f1"


def blend(first: str, second: str, part: float) -> str:
    """Return the colour that is `part` of the way from the first to the second."""
    pairs = zip(ImageColor.getrgb(first)[:3], ImageColor.getrgb(second)[:3], strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def gradient(size: tuple[int, int], top: str, bottom: str) -> Image.Image:
    """Return a picture that goes from one colour to the other."""
    grey = Image.linear_gradient("L").resize(size, Image.Resampling.BILINEAR)
    return ImageOps.colorize(grey, top, bottom)


class Canvas:
    """A picture of `width` x `height` pixels that is drawn at twice its size."""

    def __init__(self, width: int, height: int, palette: Palette, seed: str) -> None:
        self.width, self.height = width * SCALE, height * SCALE
        self.palette = palette
        self.dice = random.Random(seed)  # noqa: S311 - the same picture every time, no secret
        self.image = gradient((self.width, self.height), palette.sky, palette.horizon)
        self.draw = ImageDraw.Draw(self.image)

    @property
    def is_wide(self) -> bool:
        """True unless it is a cover: there the upper part belongs to the letters."""
        return self.height < 1.45 * self.width

    def finished(self) -> Image.Image:
        """Return the picture in its own size."""
        return self.image.reduce(SCALE)

    def disc(self, x: float, y: float, radius: float, fill: str) -> None:
        """Draw a filled circle; all lengths in drawn pixels."""
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def oval(self, middle: Point, radii: Point, at: Point, size: float, fill: str) -> None:
        """Draw a filled oval given in units of `size` around `at`."""
        x, y = at[0] + middle[0] * size, at[1] + middle[1] * size
        wide, high = radii[0] * size, radii[1] * size
        self.draw.ellipse((x - wide, y - high, x + wide, y + high), fill=fill)

    def shape(self, points: Sequence[Point], at: Point, size: float, fill: str) -> None:
        """Draw a polygon given in units of `size` around `at`."""
        self.draw.polygon([(at[0] + x * size, at[1] + y * size) for x, y in points], fill=fill)

    def stroke(
        self, points: Sequence[Point], at: Point, size: float, fill: str, width: float
    ) -> None:
        """Draw a line with round ends, given in units of `size` around `at`."""
        placed = [(at[0] + x * size, at[1] + y * size) for x, y in points]
        self.draw.line(placed, fill=fill, width=max(1, round(width * size)), joint="curve")
        for x, y in (placed[0], placed[-1]):
            self.disc(x, y, width * size / 2, fill)

    def sun(self, x: float, y: float, radius: float) -> None:
        """Draw a sun or moon with a soft ring, in parts of the picture's width and height."""
        at = self.width * x, self.height * y
        radius *= self.width
        for ring, part in ((1.9, 0.82), (1.45, 0.62), (1.0, 0.0)):
            self.disc(*at, radius * ring, blend(self.palette.sun, self._sky_at(y), part))

    def _sky_at(self, y: float) -> str:
        return blend(self.palette.sky, self.palette.horizon, min(max(y, 0), 1))

    def stars(self, count: int) -> None:
        """Strew stars over the upper half."""
        for _ in range(count):
            x, y = self.dice.random() * self.width, self.dice.random() * self.height * 0.55
            self.disc(x, y, self.dice.choice((1.5, 2, 3)), blend(self.palette.sun, "#ffffff", 0.4))

    def clouds(self, count: int, top: float = 0.08, bottom: float = 0.4) -> None:
        """Draw flat clouds of overlapping discs."""
        for _ in range(count):
            x = self.dice.random() * self.width
            y = self.height * self.dice.uniform(top, bottom)
            size = self.width * self.dice.uniform(0.02, 0.05)
            fill = blend(self._sky_at(y / self.height), "#ffffff", 0.55)
            for step in range(-3, 4):
                bulge = size * (1.15 - abs(step) * 0.22)
                self.draw.ellipse(
                    (
                        x + step * size - bulge, y - bulge * 0.8,
                        x + step * size + bulge, y + bulge * 0.45,
                    ),
                    fill=fill,
                )  # fmt: skip

    def mountains(self, base: float, height: float, fill: str, *, snow: bool = False) -> None:
        """Draw a chain whose foot is at `base` and whose peaks are about `height` above it."""
        ridge = self._ridge(base * self.height, height * self.height)
        foot = [(self.width, self.height), (0, self.height)]
        self.draw.polygon([*ridge, *foot], fill=fill)
        for (x0, y0), (x1, y1) in pairwise(ridge):
            if y1 > y0:  # the side that turns away from the light
                shade = blend(fill, self.palette.ink, 0.1)
                slope = (x1 - x0) * 0.6
                self.draw.polygon(
                    [
                        (x0, y0),
                        (x1, y1),
                        (x1 - slope * 0.2, y1 + slope),
                        (x0 + slope * 0.1, y0 + slope),
                    ],
                    fill=shade,
                )
        if snow:
            self._snow(ridge, (base - height * 0.42) * self.height)

    def _ridge(self, base: float, height: float) -> list[Point]:
        points = [self.dice.uniform(0.2, 0.7), self.dice.uniform(0.2, 0.7)]
        rough = 0.42
        for _level in range(5):
            between = [(a + b) / 2 + self.dice.uniform(-rough, rough) for a, b in pairwise(points)]
            points = [
                value for pair in zip(points, [*between, 0.0], strict=True) for value in pair
            ][:-1]
            rough *= 0.52
        low, high = min(points), max(points)
        step = self.width / (len(points) - 1)
        return [
            (index * step, base - height * (0.15 + 0.85 * (value - low) / (high - low or 1)))
            for index, value in enumerate(points)
        ]

    def _snow(self, ridge: Sequence[Point], line: float) -> None:
        white = blend("#ffffff", self.palette.horizon, 0.12)
        for start in range(len(ridge) - 1):
            (x0, y0), (x1, y1) = ridge[start], ridge[start + 1]
            if min(y0, y1) >= line:
                continue
            deep0, deep1 = max(0, line - y0) * 0.62, max(0, line - y1) * 0.62
            tooth = (deep0 + deep1) / 2 * self.dice.uniform(0.55, 1.35)
            self.draw.polygon(
                [(x0, y0), (x1, y1), (x1, y1 + deep1), ((x0 + x1) / 2, (y0 + y1) / 2 + tooth),
                 (x0, y0 + deep0)],
                fill=white,
            )  # fmt: skip

    def meadow(self, top: float, fill: str) -> None:
        """Draw gently rolling ground from `top` down."""
        phase = self.dice.random() * math.tau
        waves = [
            (
                self.width * step / 24,
                self.height * (top + 0.018 * math.sin(phase + step / 3.4)),
            )
            for step in range(25)
        ]
        self.draw.polygon([*waves, (self.width, self.height), (0, self.height)], fill=fill)
        blade = blend(fill, self.palette.ink, 0.18)
        for _ in range(40):
            x = self.dice.random() * self.width
            y = self.height * (top + 0.05 + self.dice.random() * (0.95 - top))
            size = self.width * 0.008
            self.stroke([(-0.6, 0), (-1, -1.6)], (x, y), size, blade, 0.3)
            self.stroke([(0.4, 0), (0.7, -1.9)], (x, y), size, blade, 0.3)

    def lake(self, top: float, bottom: float) -> None:
        """Draw water with bands of light."""
        water = gradient(
            (self.width, max(1, round(self.height * (bottom - top)))),
            blend(self.palette.horizon, self.palette.far, 0.35),
            blend(self.palette.far, self.palette.sky, 0.55),
        )
        self.image.paste(water, (0, round(self.height * top)))
        light = blend(self.palette.horizon, "#ffffff", 0.45)
        for _ in range(26):
            part = self.dice.random()
            y = self.height * (top + (bottom - top) * part)
            x = self.dice.random() * self.width
            half = self.width * (0.01 + 0.05 * part) * self.dice.uniform(0.5, 1.5)
            self.draw.line((x - half, y, x + half, y), fill=light, width=round(1 + 3 * part))

    def burst(self, x: float, y: float, fill: str, count: int = 44) -> None:
        """Draw the lines that run to one point when something happens suddenly."""
        centre = self.width * x, self.height * y
        reach = math.hypot(self.width, self.height)
        inner = min(self.width, self.height) * 0.32
        for index in range(count):
            angle = math.tau * (index + self.dice.uniform(-0.3, 0.3)) / count
            near = inner * self.dice.uniform(0.9, 1.3)
            spread = self.dice.uniform(0.008, 0.028)
            corners = ((near, angle), (reach, angle - spread), (reach, angle + spread))
            self.draw.polygon(
                [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for r, a in corners],
                fill=fill,
            )


def _spiral(turns: float, mirror: int) -> list[Point]:
    """A ram's horn: out from the middle and rolled in."""
    points: list[Point] = [(0.0, 0.5)]
    for step in range(28):
        part = step / 27
        angle = math.pi * (1.0 - 2 * turns * part)
        radius = 0.3 * (1 - 0.72 * part)
        points.append(
            (mirror * (0.38 + radius * math.cos(angle)), -0.05 - radius * math.sin(angle))
        )
    return points


def draw_felt_border(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], felt: str, horns: str
) -> None:
    """Fill a band with the ornament of a shyrdak: a ram's horns and diamonds, in two colours."""
    left, top, right, bottom = box
    draw.rectangle(box, fill=felt)
    height = bottom - top
    count = max(1, round((right - left) / (height * 1.25)))
    step = (right - left) / count
    for line in (top + height * 0.07, bottom - height * 0.07):
        draw.line((left, line, right, line), fill=horns, width=max(2, round(height * 0.035)))
    for index in range(count):
        middle = left + step * (index + 0.5), (top + bottom) / 2
        size = height * 0.74
        for mirror in (-1, 1):
            placed = [
                (middle[0] + x * size, middle[1] + y * size * 0.9) for x, y in _spiral(0.85, mirror)
            ]
            draw.line(placed, fill=horns, width=round(size * 0.13), joint="curve")
            radius = size * 0.085
            x, y = placed[-1]
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=horns)
        edge = left + step * index
        for x in (edge, edge + step):
            wide = size * 0.17
            draw.polygon(
                [(x, middle[1] - wide * 1.5), (x + wide, middle[1]), (x, middle[1] + wide * 1.5),
                 (x - wide, middle[1])],
                fill=horns,
            )  # fmt: skip
