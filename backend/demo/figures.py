"""Who and what stands in the landscapes: yurts, riders, people, a snow leopard, an eagle."""

import math

from demo.painting import Canvas, Point, blend

WHITE_FELT = "#f4efe4"
_SPOTS = (
    (0.22, -0.62, 0.09),
    (0.46, -0.48, 0.08),
    (0.14, -0.4, 0.07),
    (0.68, -0.2, 0.07),
    (0.76, 0.06, 0.06),
    (0.36, -0.72, 0.06),
)


def draw_yurt(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw a yurt standing at (x, y); `size` is half its width, as a part of the picture's."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.width * size
    felt, shade = WHITE_FELT, blend(WHITE_FELT, canvas.palette.ink, 0.18)
    band = canvas.palette.accent
    roof: list[Point] = [
        (-1, -0.72),
        (-0.8, -0.98),
        (-0.25, -1.35),
        (0.25, -1.35),
        (0.8, -0.98),
        (1, -0.72),
    ]
    canvas.shape([(-1, -0.72), (1, -0.72), (0.97, 0), (-0.97, 0)], at, unit, felt)
    canvas.shape([(0.45, -0.72), (1, -0.72), (0.97, 0), (0.5, 0)], at, unit, shade)
    canvas.shape(roof, at, unit, felt)
    canvas.shape(
        [(0.25, -1.35), (0.8, -0.98), (1, -0.72), (0.45, -0.72), (0.1, -1.35)], at, unit, shade
    )
    canvas.shape([(-0.27, -1.33), (0.27, -1.33), (0.2, -1.45), (-0.2, -1.45)], at, unit, band)
    canvas.shape([(-1.01, -0.76), (1.01, -0.76), (1, -0.63), (-1, -0.63)], at, unit, band)
    for step in range(-4, 5):
        canvas.shape([(step * 0.22, -0.75), (step * 0.22 + 0.07, -0.695), (step * 0.22, -0.64),
                      (step * 0.22 - 0.07, -0.695)], at, unit, felt)  # fmt: skip
    canvas.shape([(-0.27, -0.56), (0.27, -0.56), (0.27, 0), (-0.27, 0)], at, unit, band)
    canvas.shape(
        [(-0.2, -0.5), (0.2, -0.5), (0.2, 0), (-0.2, 0)],
        at,
        unit,
        blend(band, canvas.palette.ink, 0.5),
    )
    for side in (-1, 1):
        canvas.stroke([(side * 0.7, -0.62), (side * 0.66, 0)], at, unit, shade, 0.025)
        canvas.stroke(
            [(side * 0.2, -1.34), (side * 0.75, -0.74)], at, unit, blend(band, felt, 0.4), 0.03
        )


def draw_fir(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw one of the slim firs of the Tien Shan; `size` is its height."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.height * size
    dark = blend(canvas.palette.near, canvas.palette.ink, 0.45)
    canvas.shape(
        [(-0.02, 0), (0.02, 0), (0.015, -0.2), (-0.015, -0.2)], at, unit, canvas.palette.ink
    )
    for level in range(5):
        low, wide = -0.08 - level * 0.17, 0.17 - level * 0.028
        canvas.shape([(-wide, low), (0, low - 0.32), (wide, low), (0, low - 0.05)], at, unit, dark)
        canvas.shape(
            [(0, low - 0.05), (0, low - 0.32), (wide, low)],
            at,
            unit,
            blend(dark, canvas.palette.ink, 0.3),
        )


def draw_rider(canvas: Canvas, x: float, y: float, size: float, *, facing: int = 1) -> None:
    """Draw a rider at full gallop; `size` is the horse's length, `facing` 1 or -1."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.width * size

    def turned(points: list[Point]) -> list[Point]:
        return [(px * facing, py) for px, py in points]

    horse = blend("#5b3a22", canvas.palette.ink, 0.35)
    mane = blend(horse, canvas.palette.ink, 0.6)
    for leg in (
        [(-0.34, -0.42), (-0.5, -0.26), (-0.66, -0.2)],
        [(-0.28, -0.42), (-0.34, -0.2), (-0.5, -0.06)],
        [(0.26, -0.42), (0.46, -0.34), (0.6, -0.42)],
        [(0.2, -0.42), (0.36, -0.22), (0.52, -0.2)],
    ):
        canvas.stroke(turned(leg), at, unit, horse, 0.06)
    body: list[Point] = [(-0.42, -0.62), (-0.2, -0.66), (0.1, -0.62),
        (0.28, -0.68), (0.5, -0.98), (0.6, -1.04), (0.78, -0.88), (0.76, -0.8),
        (0.6, -0.82), (0.44, -0.56), (0.32, -0.4), (0, -0.36), (-0.3, -0.38),
        (-0.46, -0.48)]  # fmt: skip
    canvas.shape(turned(body), at, unit, horse)
    canvas.shape(turned([(0.52, -1.02), (0.57, -1.14), (0.62, -1.02)]), at, unit, horse)
    canvas.shape(
        turned([(0.24, -0.68), (0.36, -0.9), (0.54, -1.06), (0.42, -0.82), (0.2, -0.6)]),
        at,
        unit,
        mane,
    )
    canvas.stroke(turned([(-0.42, -0.58), (-0.58, -0.62), (-0.78, -0.5)]), at, unit, mane, 0.09)
    coat = canvas.palette.accent
    canvas.shape(
        turned([(-0.16, -0.64), (0.14, -0.64), (0.16, -0.98), (-0.04, -1.1), (-0.14, -0.98)]),
        at,
        unit,
        coat,
    )
    canvas.stroke(turned([(0.02, -0.66), (0.14, -0.5), (0.1, -0.34)]), at, unit, mane, 0.09)
    canvas.stroke(turned([(0.06, -0.98), (0.22, -0.84), (0.36, -0.86)]), at, unit, coat, 0.075)
    head = at[0] + 0.05 * unit * facing, at[1] - 1.19 * unit
    canvas.disc(*head, 0.1 * unit, "#e3b58c")
    canvas.shape(
        turned([(-0.06, -1.23), (0.17, -1.23), (0.09, -1.48), (0.03, -1.48)]), at, unit, WHITE_FELT
    )
    canvas.shape(
        turned([(-0.07, -1.2), (0.18, -1.2), (0.16, -1.27), (-0.05, -1.27)]),
        at,
        unit,
        canvas.palette.ink,
    )


def draw_walker(canvas: Canvas, x: float, y: float, size: float, coat: str) -> None:
    """Draw somebody from behind, in a long coat and a kalpak; `size` is the height."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.height * size
    canvas.shape([(-0.15, 0), (0.15, 0), (0.11, -0.62), (0, -0.7), (-0.11, -0.62)], at, unit, coat)
    canvas.shape(
        [(0.02, 0), (0.15, 0), (0.11, -0.62), (0.02, -0.69)],
        at,
        unit,
        blend(coat, canvas.palette.ink, 0.25),
    )
    canvas.stroke([(-0.1, -0.58), (-0.17, -0.3)], at, unit, coat, 0.07)
    canvas.stroke(
        [(0.1, -0.58), (0.17, -0.3)], at, unit, blend(coat, canvas.palette.ink, 0.25), 0.07
    )
    canvas.disc(at[0], at[1] - 0.76 * unit, 0.075 * unit, "#d8a67c")
    canvas.shape([(-0.1, -0.79), (0.1, -0.79), (0.035, -1), (-0.035, -1)], at, unit, WHITE_FELT)
    canvas.shape(
        [(-0.11, -0.76), (0.11, -0.76), (0.1, -0.82), (-0.1, -0.82)], at, unit, canvas.palette.ink
    )


def draw_eagle(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw an eagle that soars; `size` is half its span."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.width * size
    dark = blend(canvas.palette.ink, canvas.palette.near, 0.15)
    for side in (-1, 1):
        wing: list[Point] = [(0, -0.06), (0.35, -0.34), (0.72, -0.36), (1, -0.2),
            (0.86, -0.2), (0.92, -0.1), (0.74, -0.14), (0.78, -0.03), (0.6, -0.1),
            (0.6, 0), (0.42, -0.07), (0.1, 0.12)]  # fmt: skip
        canvas.shape([(side * px, py) for px, py in wing], at, unit, dark)
    canvas.shape([(-0.1, -0.08), (0, -0.2), (0.1, -0.08), (0.06, 0.18),
        (0.14, 0.36), (-0.14, 0.36), (-0.06, 0.18)], at, unit, dark)  # fmt: skip
    canvas.shape([(-0.04, -0.17), (0.04, -0.17), (0, -0.08)], at, unit, canvas.palette.sun)


def draw_fire(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw a camp fire with its light on the ground."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.height * size
    glow = blend(canvas.palette.ground, "#ffb347", 0.4)
    canvas.oval((0, 0.03), (1.5, 0.31), at, unit, glow)
    for wide, high, colour in (
        (0.36, 1.0, "#e8542f"),
        (0.25, 0.72, "#ff9a3c"),
        (0.13, 0.42, "#ffe08a"),
    ):
        canvas.shape([(-wide, 0), (-wide * 1.1, -high * 0.35),
            (-wide * 0.3, -high * 0.6), (0, -high), (wide * 0.45, -high * 0.55),
            (wide * 1.1, -high * 0.3), (wide, 0)], at, unit, colour)  # fmt: skip
    for side in (-1, 1):
        canvas.stroke([(side * 0.5, 0.08), (-side * 0.4, -0.06)], at, unit, "#4a2f1c", 0.13)


def draw_tower(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw an old brick tower such as stands at Burana; `size` is its height."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.height * size
    brick = blend("#b97a4b", canvas.palette.far, 0.15)
    dark = blend(brick, canvas.palette.ink, 0.35)
    canvas.shape([(-0.3, 0), (0.3, 0), (0.27, -0.14), (-0.27, -0.14)], at, unit, dark)
    canvas.shape([(-0.22, -0.14), (0.22, -0.14), (0.15, -1), (-0.15, -1)], at, unit, brick)
    canvas.shape([(0.04, -0.14), (0.22, -0.14), (0.15, -1), (0.03, -1)], at, unit, dark)
    for level in range(1, 7):
        low = -0.14 - level * 0.125
        wide = 0.225 + low * 0.07
        canvas.stroke([(-wide, low), (wide, low)], at, unit, blend(brick, WHITE_FELT, 0.35), 0.022)
    canvas.shape(
        [(-0.05, -0.32), (0.05, -0.32), (0.05, -0.48), (0, -0.53), (-0.05, -0.48)],
        at,
        unit,
        canvas.palette.ink,
    )


def draw_camel(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw a camel with two humps and its load; `size` is its length."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.width * size
    coat = blend("#a5733f", canvas.palette.ink, 0.15)
    for leg in (-0.36, -0.26, 0.2, 0.3):
        canvas.stroke([(leg, -0.5), (leg + 0.02, 0)], at, unit, coat, 0.07)
    canvas.shape([(-0.5, -0.62), (-0.36, -0.92), (-0.2, -0.72), (0, -0.7),
        (0.14, -0.94), (0.3, -0.68), (0.44, -0.6), (0.56, -0.74), (0.62, -1.04),
        (0.8, -1.06), (0.9, -0.96), (0.72, -0.92), (0.66, -0.62), (0.5, -0.42),
        (0.3, -0.36), (-0.4, -0.38)], at, unit, coat)  # fmt: skip
    canvas.shape(
        [(-0.22, -0.78), (0.06, -0.78), (0.1, -0.45), (-0.26, -0.45)],
        at,
        unit,
        canvas.palette.accent,
    )
    canvas.stroke([(-0.24, -0.62), (0.08, -0.62)], at, unit, WHITE_FELT, 0.05)
    canvas.stroke([(-0.5, -0.6), (-0.58, -0.36)], at, unit, coat, 0.05)


def draw_leopard(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw a snow leopard's face; `size` is half its width."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.width * size
    fur, shade, ink = "#e9e6e1", "#bdb8b4", canvas.palette.ink
    canvas.shape(
        [(-1.15, 2.2), (-0.85, 0.4), (0.85, 0.4), (1.15, 2.2)], at, unit, blend(fur, shade, 0.5)
    )
    for side in (-1, 1):
        canvas.disc(at[0] + side * 0.68 * unit, at[1] - 0.66 * unit, 0.28 * unit, shade)
        canvas.disc(at[0] + side * 0.66 * unit, at[1] - 0.62 * unit, 0.16 * unit, "#8c7f7d")
    canvas.oval((0, 0), (0.95, 0.85), at, unit, fur)
    for side in (-1, 1):
        canvas.shape([(side * 0.75, 0.2), (side * 1.16, 0.42), (side * 0.9, 0.5),
            (side * 1.02, 0.72), (side * 0.55, 0.75)], at, unit, fur)  # fmt: skip
        for dx, dy, r in _SPOTS:
            spot = at[0] + side * dx * unit, at[1] + dy * unit
            canvas.disc(*spot, r * unit, "#5e5754")
            canvas.disc(*spot, r * unit * 0.45, shade)
        eye = at[0] + side * 0.38 * unit, at[1] - 0.08 * unit
        canvas.shape([(side * 0.14, 0.0), (side * 0.3, -0.22),
            (side * 0.52, -0.24), (side * 0.64, -0.08), (side * 0.42, 0.06)], at,
            unit, ink)  # fmt: skip
        canvas.disc(*eye, 0.125 * unit, blend("#8fd0c8", canvas.palette.sun, 0.35))
        canvas.disc(*eye, 0.06 * unit, ink)
        canvas.disc(eye[0] + 0.04 * unit, eye[1] - 0.05 * unit, 0.028 * unit, "#ffffff")
    canvas.oval((0, 0.47), (0.46, 0.31), at, unit, "#f7f5f1")
    canvas.shape([(-0.17, 0.2), (0.17, 0.2), (0.06, 0.36), (-0.06, 0.36)], at, unit, "#b4696a")
    canvas.stroke([(0, 0.36), (0, 0.48), (-0.16, 0.57), (-0.28, 0.52)], at, unit, ink, 0.03)
    canvas.stroke([(0, 0.48), (0.16, 0.57), (0.28, 0.52)], at, unit, ink, 0.03)
    for side in (-1, 1):
        for lift in (-0.06, 0.04, 0.14):
            canvas.stroke(
                [(side * 0.3, 0.42 + lift * 0.5), (side * 1.12, 0.36 + lift * 2)],
                at,
                unit,
                "#ffffff",
                0.014,
            )


def draw_portrait(
    canvas: Canvas,
    x: float,
    y: float,
    size: float,
    *,
    who: str,
    mood: str = "calm",
    facing: int = 1,
) -> None:
    """Draw head and shoulders; `who` is boy, girl or elder, `mood` calm, glad, shocked or angry."""
    at, unit = (canvas.width * x, canvas.height * y), canvas.width * size
    skin, ink = "#efc8a2", canvas.palette.ink
    hair = {"boy": "#2b2019", "girl": "#33211b", "elder": "#dcd8d0"}[who]
    coat = {"boy": canvas.palette.accent, "girl": blend(canvas.palette.accent, "#ffffff", 0.2),
            "elder": blend(canvas.palette.near, ink, 0.3)}[who]  # fmt: skip
    _draw_shoulders(canvas, at, unit, coat, skin)
    if who == "girl":
        for side in (-1, 1):
            for step in range(6):
                canvas.disc(
                    at[0] + side * (0.86 + 0.015 * step) * unit,
                    at[1] + (0.25 + step * 0.3) * unit,
                    0.17 * unit,
                    hair,
                )
            canvas.disc(
                at[0] + side * 0.94 * unit, at[1] + 2.0 * unit, 0.1 * unit, canvas.palette.sun
            )
    for side in (-1, 1):
        canvas.oval((side * 0.86, 0.09), (0.16, 0.21), at, unit, blend(skin, "#a8603c", 0.2))
    canvas.shape([(-0.85, -0.7), (0.85, -0.7), (0.86, 0.1), (0.72, 0.58),
        (0.32, 0.98), (0, 1.06), (-0.32, 0.98), (-0.72, 0.58), (-0.86, 0.1)], at,
        unit, skin)  # fmt: skip
    canvas.disc(at[0], at[1] - 0.3 * unit, 0.86 * unit, skin)
    _draw_face(
        canvas, at, unit, mood=mood, facing=facing, brow=hair if who != "elder" else "#a9a49b"
    )
    if who == "elder":
        canvas.shape([(-0.62, 0.55), (-0.3, 0.66), (0, 0.58), (0.3, 0.66),
            (0.62, 0.55), (0.42, 1.2), (0.1, 1.85), (-0.1, 1.8), (-0.42, 1.2)], at,
            unit, hair)  # fmt: skip
        canvas.stroke([(-0.14, 0.74), (0.14, 0.74)], at, unit, "#9c5044", 0.05)
    canvas.shape([(-0.92, -0.1), (-0.9, -0.75), (0.9, -0.75), (0.92, -0.1),
        (0.74, -0.45), (0.5, -0.32), (0.28, -0.55), (0, -0.34), (-0.26, -0.56),
        (-0.52, -0.3), (-0.74, -0.46)], at, unit, hair)  # fmt: skip
    _draw_hat(canvas, at, unit, who)


def _draw_shoulders(canvas: Canvas, at: Point, unit: float, coat: str, skin: str) -> None:
    dark = blend(coat, canvas.palette.ink, 0.3)
    canvas.shape(
        [(-0.3, 0.7), (0.3, 0.7), (0.36, 1.4), (-0.36, 1.4)], at, unit, blend(skin, "#a8603c", 0.3)
    )
    canvas.shape(
        [(-0.5, 1.2), (0.5, 1.2), (1.5, 1.6), (1.85, 4.5), (-1.85, 4.5), (-1.5, 1.6)],
        at,
        unit,
        coat,
    )
    canvas.shape([(0.5, 1.2), (1.5, 1.6), (1.85, 4.5), (0.9, 4.5)], at, unit, dark)
    canvas.shape([(-0.56, 1.14), (-0.3, 1.1), (0, 1.8), (0.3, 1.1), (0.56, 1.14),
        (0.14, 2.3), (0.14, 4.5), (-0.14, 4.5), (-0.14, 2.3)], at, unit, WHITE_FELT)  # fmt: skip
    for step in range(5):
        low = 2.45 + step * 0.34
        canvas.shape([(0, low - 0.12), (0.09, low), (0, low + 0.12), (-0.09, low)], at, unit, coat)


def _draw_face(
    canvas: Canvas, at: Point, unit: float, *, mood: str, facing: int, brow: str
) -> None:
    ink = canvas.palette.ink
    look = 0.05 * facing
    high = {"shocked": 0.3, "glad": 0.2}.get(mood, 0.22)
    for side in (-1, 1):
        centre = at[0] + (side * 0.4 + look) * unit, at[1] + 0.12 * unit
        canvas.oval((0, 0), (0.2, high), centre, unit, "#ffffff")
        iris = 0.09 if mood == "shocked" else 0.14
        pupil = centre[0] + look * unit, centre[1] + 0.02 * unit
        canvas.disc(*pupil, iris * unit, "#4a2d1a")
        canvas.disc(*pupil, iris * 0.55 * unit, "#120b07")
        canvas.disc(pupil[0] + 0.05 * unit, pupil[1] - 0.06 * unit, 0.045 * unit, "#ffffff")
        lid = [
            (side * 0.4 + look + 0.22 * math.cos(a), 0.12 - high * math.sin(a))
            for a in (2.9, 2.3, 1.57, 0.85, 0.25)
        ]
        canvas.stroke(lid, at, unit, ink, 0.055)
        tilt = {"angry": 0.13, "shocked": -0.1, "glad": -0.05}.get(mood, 0.0)
        lift = 0.1 if mood == "shocked" else 0
        canvas.stroke(
            [
                (side * 0.2 + look, -0.26 + tilt - lift),
                (side * 0.62 + look, -0.3 - tilt * 0.4 - lift),
            ],
            at,
            unit,
            brow,
            0.08,
        )
    canvas.stroke(
        [(look * 1.5, 0.3), (look * 3.2, 0.42), (look, 0.46)],
        at,
        unit,
        blend("#efc8a2", "#8a4a2a", 0.55),
        0.04,
    )
    mouth = {
        "calm": [(-0.16, 0.72), (0.0, 0.745), (0.16, 0.72)],
        "angry": [(-0.2, 0.78), (0.0, 0.7), (0.2, 0.78)],
    }.get(mood)
    if mouth is not None:
        canvas.stroke([(px + look, py) for px, py in mouth], at, unit, "#8a3b30", 0.05)
    elif mood == "glad":
        canvas.shape(
            [
                (-0.26 + look, 0.66),
                (0.26 + look, 0.66),
                (0.16 + look, 0.84),
                (look, 0.9),
                (-0.16 + look, 0.84),
            ],
            at,
            unit,
            "#8a3b30",
        )
        canvas.shape(
            [(-0.22 + look, 0.67), (0.22 + look, 0.67), (0.18 + look, 0.73), (-0.18 + look, 0.73)],
            at,
            unit,
            "#ffffff",
        )
    else:
        canvas.oval((look, 0.76), (0.12, 0.14), at, unit, "#8a3b30")
    for side in (-1, 1):
        cheek = at[0] + (side * 0.56 + look) * unit, at[1] + 0.5 * unit
        canvas.oval((0, 0), (0.14, 0.07), cheek, unit, "#eab08c")


def _draw_hat(canvas: Canvas, at: Point, unit: float, who: str) -> None:
    ink, felt = canvas.palette.ink, WHITE_FELT
    if who == "girl":
        cap = blend(canvas.palette.accent, ink, 0.15)
        canvas.shape(
            [
                (-0.88, -0.55),
                (0.88, -0.55),
                (0.72, -1.15),
                (0.3, -1.28),
                (-0.3, -1.28),
                (-0.72, -1.15),
            ],
            at,
            unit,
            cap,
        )
        canvas.shape(
            [(-0.93, -0.48), (0.93, -0.48), (0.9, -0.74), (-0.9, -0.74)],
            at,
            unit,
            canvas.palette.sun,
        )
        for side in (-0.13, 0.0, 0.13):
            canvas.stroke([(side * 0.4, -1.24), (side * 2.2, -1.78)], at, unit, "#4b3a2e", 0.09)
        return
    canvas.shape(
        [(-0.92, -0.58), (0.92, -0.58), (0.6, -1.55), (0.22, -1.98), (-0.22, -1.98), (-0.6, -1.55)],
        at,
        unit,
        felt,
    )
    canvas.shape(
        [(0.24, -0.58), (0.92, -0.58), (0.6, -1.55), (0.22, -1.98), (0.1, -1.98)],
        at,
        unit,
        blend(felt, ink, 0.12),
    )
    for side in (-1, 1):
        horn = [
            (side * (0.16 + 0.2 * math.sin(step * 0.62) * (1 - step / 14)), -0.92 - 0.075 * step)
            for step in range(9)
        ]
        canvas.stroke(horn, at, unit, canvas.palette.accent, 0.05)
    canvas.shape(
        [(-1.04, -0.44), (1.04, -0.44), (0.96, -0.84), (0.3, -0.74), (-0.3, -0.74), (-0.96, -0.84)],
        at,
        unit,
        ink,
    )
    canvas.disc(at[0], at[1] - 2.02 * unit, 0.09 * unit, ink)
