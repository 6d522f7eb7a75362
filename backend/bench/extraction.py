"""Measures extraction against its floor, and whether a full library slows it down."""

import tempfile
from pathlib import Path
from typing import Any

from bench.archives import write_chapter
from bench.installation import Installation

ROUNDS = 3
GOAL = 1.4


def measure_extraction(house: Installation, *, pages: int) -> list[str]:
    """Return the table: one worker's pages a second, and its processor time against the floor's."""
    lines = [
        "Extraction by one worker, pages of 1400 x 2000",
        f"  {'':22}{'pages/s':>8}{'floor':>8}{'CPU ms a page':>15}{'floor':>8}{'ratio':>8}  goal",
    ]
    with tempfile.TemporaryDirectory(prefix="mangakg bench ") as name:
        for image_format, count in (("jpeg", pages), ("png", pages // 3), ("webp", pages // 3)):
            archive = write_chapter(Path(name) / f"{image_format}.zip", image_format, count)
            rounds = [
                (house.run("worker", str(archive)), _floor(house, archive, Path(name), step))
                for step in range(ROUNDS)
            ]
            ours, floor = (_cheapest(results) for results in zip(*rounds, strict=True))
            lines.append(_line(image_format, ours, floor))
    return lines


def measure_growth(empty: Installation, full: Installation, *, pages: int) -> list[str]:
    """Return one line: the same chapter in an empty and in a full library."""
    with tempfile.TemporaryDirectory(prefix="mangakg bench ") as name:
        archive = write_chapter(Path(name) / "chapter.zip", "jpeg", pages)
        rounds = [
            (empty.run("worker", str(archive)), full.run("worker", str(archive)))
            for _ in range(ROUNDS)
        ]
    before, after = (_cheapest(results) for results in zip(*rounds, strict=True))
    ratio = after["cpu"] / before["cpu"]
    return [
        f"Extraction of {pages} pages on {full.name}: {before['cpu']:.2f} s of CPU in an empty"
        f" library, {after['cpu']:.2f} s in the full one; ratio {ratio:.2f}, goal about 1"
    ]


def _floor(house: Installation, archive: Path, folder: Path, step: int) -> Any:
    return house.run("floor", str(archive), str(folder / f"{archive.stem}-{step}"))


def _cheapest(results: Any) -> Any:
    return min(results, key=lambda result: result["cpu"])


def _line(name: str, ours: Any, floor: Any) -> str:
    ratio = ours["cpu"] / floor["cpu"]
    goal = f"{GOAL}{'' if ratio <= GOAL else '  MISSED'}" if name == "jpeg" else "-"
    return (
        f"  {name:22}{ours['pages'] / ours['wall']:8.1f}{floor['pages'] / floor['wall']:8.1f}"
        f"{ours['cpu'] / ours['pages'] * 1000:15.1f}{floor['cpu'] / floor['pages'] * 1000:8.1f}"
        f"{ratio:8.2f}  {goal}"
    )
