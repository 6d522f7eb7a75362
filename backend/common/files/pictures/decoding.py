"""Decodes untrusted pictures in one child process under limits of memory and time.

`PictureDecoder` is the parent's side; the child is `decoding_child.py`. A picture that crashes,
starves or stalls the child is refused with a reject code, and the next one gets a fresh child.
"""

import fcntl
import importlib.util
import json
import os
import re
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from common.files.pictures.decoding_child import ANSWER, DESCRIBE, READY, REQUEST, SQUARE, VARIANT
from common.files.pictures.images import StrippedImage, detect_format, strip_to_image
from common.files.pictures.rules import MIB, PICTURE_MESSAGES, PictureLimits, PictureRejected
from common.files.rejections import show_name

DECODER_MEMORY_BYTES = 600 * MIB

_CHILD = Path(__file__).with_name("decoding_child.py")
_COLOR = re.compile("#[0-9a-f]{6}")
_PIPE_BYTES = MIB
_STEP_BYTES = MIB
_START_SECONDS = 30.0
_MAX_DOCUMENT_BYTES = 4096
_MAX_FILE_BYTES = 64 * MIB
_MAX_ATTEMPTS = 2


class DecoderUnavailableError(RuntimeError):
    """The child does not start: a fault of this installation, never of a picture."""


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """What a picture is. Width and height are as displayed, with the orientation applied;
    `perceptual_hash` is unsigned, 64 bits; `color` is the average, "#rrggbb"."""

    format: str
    width: int
    height: int
    perceptual_hash: int
    color: str


@dataclass(frozen=True, slots=True)
class Variant:
    """A smaller WebP copy of a picture."""

    data: bytes
    width: int
    height: int


class _ChildDiedError(Exception):
    pass


class _ChildTooSlowError(Exception):
    pass


class PictureDecoder:
    """A context manager that holds at most one child, started when first needed. Not thread-safe.

    with PictureDecoder() as decoder:
        page = decoder.decode(stripped, name="001.jpg")
    """

    def __init__(
        self,
        limits: PictureLimits | None = None,
        *,
        memory_bytes: int = DECODER_MEMORY_BYTES,
    ) -> None:
        self._seconds = (limits or PictureLimits()).max_picture_seconds
        self._memory_bytes = memory_bytes
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child, whatever it is doing."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()

    def decode(self, image: StrippedImage, *, name: str) -> DecodedPicture:
        """Decodes the picture once and says what it is; raises PictureRejected."""
        facts, _ = self._ask(DESCRIBE, image.format, image.data, name)
        perceptual_hash, color = facts.get("hash"), facts.get("color")
        if (
            # The headers that were checked before must be those that decoders follow.
            facts.get("size") != [image.width, image.height]
            or not isinstance(perceptual_hash, int)
            or not 0 <= perceptual_hash < 2**64
            or not isinstance(color, str)
            or not _COLOR.fullmatch(color)
        ):
            raise PictureRejected("broken_image", name=show_name(name))
        width, height = image.width, image.height
        if facts.get("is_turned"):
            width, height = height, width
        return DecodedPicture(image.format, width, height, perceptual_hash, color)

    def make_variant(
        self,
        data: bytes,
        *,
        name: str = "",
        max_width: int = 1080,
        strip_max_width: int = 800,
    ) -> Variant | None:
        """A WebP of a stored picture as displayed, over white, at most `max_width` wide, never
        enlarged.

        Long strips (over three times as high as wide) use `strip_max_width`. None where the
        result would be longer than WebP allows; raises PictureRejected like `decode`.
        """
        file_format = detect_format(data)
        if file_format is None:
            raise PictureRejected("not_an_image", name=show_name(name))
        _, file = self._ask(VARIANT, file_format, data, name, numbers=(max_width, strip_max_width))
        return _checked_variant(file, name) if file else None

    def make_square(self, image: StrippedImage, *, name: str, side: int) -> Variant:
        """A WebP of the middle of a picture as displayed, over white, `side` pixels wide and high;
        raises PictureRejected like `decode`."""
        _, file = self._ask(SQUARE, image.format, image.data, name, numbers=(side, side))
        return _checked_variant(file, name)

    def _ask(
        self,
        command: bytes,
        file_format: str,
        data: bytes,
        name: str,
        numbers: tuple[int, int] = (0, 0),
    ) -> tuple[dict[str, Any], bytes]:
        head = REQUEST.pack(command, file_format.encode(), *numbers, len(data))
        problem = "broken_image"
        for _ in range(_MAX_ATTEMPTS):
            try:
                facts, file = self._exchange(head, data)
            except _ChildTooSlowError:
                self.close()
                problem = "decoding_too_slow"
                break
            except _ChildDiedError:
                # Once may be the kernel or an operator ending a process; twice is the picture.
                self.close()
                continue
            if "problem" not in facts:
                return facts, file
            problem = facts["problem"]
            if problem == "decoding_too_big":
                self.close()
            break
        raise PictureRejected(problem, name=show_name(name))

    def _exchange(self, head: bytes, data: bytes) -> tuple[dict[str, Any], bytes]:
        child = self._child or self._start()
        deadline = time.monotonic() + self._seconds
        _send(child, head, deadline)
        _send(child, data, deadline)
        document_bytes, file_bytes = ANSWER.unpack(_receive(child, ANSWER.size, deadline))
        # A picture may have taken the child over: nothing that it says is trusted blindly.
        if document_bytes > _MAX_DOCUMENT_BYTES or file_bytes > _MAX_FILE_BYTES:
            raise _ChildDiedError
        return _checked(_receive(child, document_bytes, deadline)), _receive(
            child, file_bytes, deadline
        )

    def _start(self) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(  # noqa: S603 (every part of the command is ours)
            # -I and -S: neither environment, working folder nor .pth files choose what runs.
            [sys.executable, "-I", "-S", str(_CHILD), _pillow_folder(), str(self._memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            # No secrets. Threads share one heap, and the memory of one picture serves the next:
            # given back at once, every page of it would have to be faulted in again.
            env={
                "MALLOC_ARENA_MAX": "1",
                "MALLOC_MMAP_THRESHOLD_": "33554432",
                "MALLOC_TRIM_THRESHOLD_": "33554432",
            },
            # Ctrl-C and a stopped process group must not look like a broken picture.
            start_new_session=True,
        )
        self._child = child
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                _widen(pipe.fileno())
        try:
            greeting = _receive(child, len(READY), time.monotonic() + _START_SECONDS)
        except (_ChildDiedError, _ChildTooSlowError) as error:
            self.close()
            raise DecoderUnavailableError("the image decoder does not start") from error
        if greeting != READY:
            self.close()
            raise DecoderUnavailableError("the image decoder answers with something else")
        return child


def _checked_variant(file: bytes, name: str) -> Variant:
    # It will be public: looked at like any file that comes from outside.
    checked = strip_to_image(file, name=f"{name}.webp")
    return Variant(checked.data, checked.width, checked.height)


def _pillow_folder() -> str:
    spec = importlib.util.find_spec("PIL")
    if spec is None or spec.origin is None:
        raise DecoderUnavailableError("Pillow is not installed")
    return str(Path(spec.origin).parent.parent)


def _widen(descriptor: int) -> None:
    """Makes a pipe hold about a page, so that the processes take turns less often."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        # Not allowed here (a user's pipe budget is spent): the default size works as well.
        return


def _checked(document: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(document)
    except ValueError as error:
        raise _ChildDiedError from error
    if not isinstance(facts, dict):
        raise _ChildDiedError
    if "problem" in facts and facts["problem"] not in PICTURE_MESSAGES:
        raise _ChildDiedError
    return facts


def _wait(descriptor: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise _ChildTooSlowError


def _send(child: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
    if child.stdin is None:
        raise _ChildDiedError
    descriptor = child.stdin.fileno()
    left = memoryview(data)
    while left:
        _wait(descriptor, select.POLLOUT, deadline)
        try:
            left = left[os.write(descriptor, left[:_STEP_BYTES]) :]
        except BrokenPipeError:
            raise _ChildDiedError from None


def _receive(child: subprocess.Popen[bytes], count: int, deadline: float) -> bytes:
    if child.stdout is None:
        raise _ChildDiedError
    descriptor = child.stdout.fileno()
    pieces: list[bytes] = []
    while count:
        _wait(descriptor, select.POLLIN, deadline)
        piece = os.read(descriptor, min(count, _STEP_BYTES))
        if not piece:
            raise _ChildDiedError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
