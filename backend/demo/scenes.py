"""Landscapes and people put together: what one panel or cover shows."""

from collections.abc import Callable

from PIL import Image

from demo import figures
from demo.painting import Canvas, Palette, blend, gradient

Scene = Callable[[Canvas], None]


def draw_scene(name: str, size: tuple[int, int], palette: Palette, seed: str) -> Image.Image:
    """Return the scene called `name` as a picture of that size; the same for the same seed."""
    canvas = Canvas(*size, palette, f"{name} {seed}")
    kind, _, detail = name.partition(":")
    if kind in ("portrait", "burst"):
        who, mood = detail.split("-")
        _draw_close_up(canvas, who, mood, sudden=kind == "burst")
    else:
        SCENES[kind](canvas)
    return canvas.finished()


def _mountains(canvas: Canvas, foot: float = 0.66) -> None:
    palette = canvas.palette
    canvas.mountains(foot, 0.44, blend(palette.far, palette.horizon, 0.35), snow=True)
    canvas.mountains(foot + 0.04, 0.25, palette.far)
    canvas.mountains(foot + 0.09, 0.15, palette.near)


def _firs(canvas: Canvas, y: float, count: int) -> None:
    for _ in range(count):
        x = canvas.dice.uniform(-0.02, 1.02)
        figures.draw_fir(canvas, x, y + canvas.dice.uniform(0, 0.05), canvas.dice.uniform(0.1, 0.2))


def _draw_pass(canvas: Canvas) -> None:
    canvas.sun(canvas.dice.uniform(0.2, 0.8), 0.2, 0.07)
    canvas.clouds(3)
    _mountains(canvas)
    _firs(canvas, 0.74, 7)
    canvas.meadow(0.78, canvas.palette.ground)


def _draw_camp(canvas: Canvas) -> None:
    canvas.sun(canvas.dice.uniform(0.15, 0.85), 0.18, 0.06)
    canvas.clouds(2)
    _mountains(canvas, 0.6)
    canvas.meadow(0.68, canvas.palette.ground)
    figures.draw_yurt(canvas, canvas.dice.uniform(0.7, 0.8), 0.77, 0.09)
    figures.draw_yurt(canvas, canvas.dice.uniform(0.3, 0.42), 0.88, 0.18)
    figures.draw_walker(canvas, 0.66, 0.93, 0.2, canvas.palette.accent)


def _draw_ride(canvas: Canvas) -> None:
    canvas.sun(canvas.dice.uniform(0.55, 0.85), 0.24, 0.1)
    _mountains(canvas, 0.6)
    canvas.meadow(0.7, canvas.palette.ground)
    dust = blend(canvas.palette.ground, canvas.palette.horizon, 0.5)
    for _ in range(14):
        x, y = canvas.dice.uniform(0.02, 0.4), canvas.dice.uniform(0.86, 0.93)
        canvas.disc(
            canvas.width * x,
            canvas.height * y,
            canvas.width * canvas.dice.uniform(0.01, 0.035),
            dust,
        )
    figures.draw_rider(canvas, 0.52, 0.93, min(0.3, 0.34 * canvas.height / canvas.width))


def _draw_lake(canvas: Canvas) -> None:
    canvas.sun(canvas.dice.uniform(0.25, 0.75), 0.26, 0.07)
    canvas.clouds(3, 0.06, 0.25)
    _mountains(canvas, 0.5)
    canvas.lake(0.58, 1.0)
    canvas.draw.rectangle(
        (0, canvas.height * 0.572, canvas.width, canvas.height * 0.585), fill=canvas.palette.near
    )
    _firs(canvas, 0.54, 6)
    _draw_boat(canvas)


def _draw_boat(canvas: Canvas) -> None:
    at, unit = (
        (canvas.width * canvas.dice.uniform(0.35, 0.65), canvas.height * 0.78),
        canvas.width * 0.09,
    )
    canvas.shape([(-1, -0.3), (1, -0.3), (0.7, 0.12), (-0.75, 0.12)], at, unit, canvas.palette.ink)
    canvas.shape(
        [(-0.16, -0.3), (0.2, -0.3), (0.14, -0.95), (-0.1, -0.95)], at, unit, canvas.palette.accent
    )
    canvas.disc(at[0] + 0.02 * unit, at[1] - 1.12 * unit, 0.17 * unit, "#e3b58c")
    canvas.stroke([(0.1, -0.7), (0.8, 0.2)], at, unit, canvas.palette.ink, 0.06)


def _draw_night(canvas: Canvas) -> None:
    ink = canvas.palette.ink
    dark = gradient(
        (canvas.width, canvas.height),
        blend(canvas.palette.sky, ink, 0.78),
        blend(canvas.palette.far, ink, 0.35),
    )
    canvas.image.paste(dark, (0, 0))
    canvas.stars(60)
    moon = canvas.width * canvas.dice.uniform(0.2, 0.8), canvas.height * 0.2
    canvas.disc(*moon, canvas.width * 0.06, blend(canvas.palette.sun, "#ffffff", 0.5))
    canvas.mountains(0.68, 0.36, blend(canvas.palette.far, ink, 0.5), snow=True)
    canvas.mountains(0.74, 0.16, blend(canvas.palette.near, ink, 0.6))
    canvas.meadow(0.78, blend(canvas.palette.ground, ink, 0.6))
    figures.draw_yurt(canvas, 0.72, 0.88, 0.13)
    figures.draw_fire(canvas, 0.36, 0.92, 0.13)
    figures.draw_walker(canvas, 0.5, 0.95, 0.2, blend(canvas.palette.accent, ink, 0.35))


def _draw_ruin(canvas: Canvas) -> None:
    canvas.sun(0.24, 0.22, 0.08)
    _mountains(canvas, 0.62)
    canvas.meadow(0.7, canvas.palette.ground)
    figures.draw_tower(canvas, canvas.dice.uniform(0.55, 0.7), 0.84, 0.56)
    figures.draw_walker(canvas, 0.34, 0.93, 0.2, canvas.palette.accent)


def _draw_flight(canvas: Canvas) -> None:
    canvas.sun(0.5, 0.45 if canvas.is_wide else 0.58, 0.14)
    canvas.clouds(4, 0.1, 0.6)
    canvas.mountains(1.0, 0.32, canvas.palette.far, snow=True)
    figures.draw_eagle(
        canvas, canvas.dice.uniform(0.4, 0.6), 0.38 if canvas.is_wide else 0.52, 0.28
    )


def _draw_caravan(canvas: Canvas) -> None:
    canvas.sun(0.78, 0.26, 0.09)
    canvas.mountains(0.66, 0.3, blend(canvas.palette.far, canvas.palette.horizon, 0.3))
    canvas.meadow(0.66, canvas.palette.near)
    canvas.meadow(0.78, canvas.palette.ground)
    size = min(0.14, 0.16 * canvas.height / canvas.width)
    for place in range(4):
        figures.draw_camel(canvas, 0.15 + place * 0.22, 0.88 + 0.012 * (place % 2), size)


def _draw_leopard(canvas: Canvas) -> None:
    canvas.clouds(2)
    canvas.mountains(0.9, 0.6, blend(canvas.palette.far, canvas.palette.horizon, 0.4), snow=True)
    size = min(0.27, 0.3 * canvas.height / canvas.width)
    figures.draw_leopard(canvas, 0.5, 0.56, size)
    for _ in range(40):
        x, y = canvas.dice.random() * canvas.width, canvas.dice.random() * canvas.height
        canvas.disc(x, y, canvas.dice.uniform(2, 6), "#ffffff")


def _draw_close_up(canvas: Canvas, who: str, mood: str, *, sudden: bool) -> None:
    palette = canvas.palette
    if sudden:
        flat = gradient(
            (canvas.width, canvas.height), blend(palette.sun, "#ffffff", 0.5), palette.horizon
        )
        canvas.image.paste(flat, (0, 0))
        canvas.burst(0.5, 0.5, blend(palette.accent, palette.ink, 0.25))
    else:
        canvas.mountains(1.05, 0.5, blend(palette.far, palette.horizon, 0.55))
    size = min(0.17, 0.2 * canvas.height / canvas.width)
    x = canvas.dice.choice((0.42, 0.58))
    figures.draw_portrait(
        canvas,
        x,
        0.56 if canvas.is_wide else 0.64,
        size,
        who=who,
        mood=mood,
        facing=1 if x < 0.5 else -1,
    )


SCENES: dict[str, Scene] = {
    "pass": _draw_pass,
    "camp": _draw_camp,
    "ride": _draw_ride,
    "lake": _draw_lake,
    "night": _draw_night,
    "ruin": _draw_ruin,
    "flight": _draw_flight,
    "caravan": _draw_caravan,
    "leopard": _draw_leopard,
}
