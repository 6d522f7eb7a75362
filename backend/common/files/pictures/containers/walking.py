"""What the walkers of all containers share: their result and their one exception."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Walked:
    """A stripped file with the size and EXIF orientation (1..8) that its headers declare."""

    data: bytes
    width: int
    height: int
    orientation: int = 1


class BrokenImageError(Exception):
    """`problem` is a key of PICTURE_MESSAGES."""

    def __init__(self, problem: str = "broken_image") -> None:
        super().__init__(problem)
        self.problem = problem
