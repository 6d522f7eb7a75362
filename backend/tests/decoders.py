"""Decoder processes serve several tests, as starting one takes longer than most tests.

Tests of the decoder itself use `fresh_decoders`.
"""

import atexit
import subprocess
from types import TracebackType

import pytest

from common.files.pictures.decoding import DECODER_MEMORY_BYTES, PictureDecoder

_spare: list[subprocess.Popen[bytes]] = []
_start, _leave = PictureDecoder._start, PictureDecoder.__exit__


@pytest.fixture(autouse=True)
def _decoders_are_shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "fresh_decoders" not in request.fixturenames:
        monkeypatch.setattr(PictureDecoder, "_start", _start_or_reuse)
        monkeypatch.setattr(PictureDecoder, "__exit__", _leave_to_others)


@pytest.fixture
def fresh_decoders() -> None:
    """Let each decoder start a process of its own, and end it."""


def _start_or_reuse(self: PictureDecoder) -> subprocess.Popen[bytes]:
    if self._memory_bytes != DECODER_MEMORY_BYTES or not _spare:
        return _start(self)
    self._child = _spare.pop()
    return self._child


def _leave_to_others(
    self: PictureDecoder,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    child, self._child = self._child, None
    if child is not None and self._memory_bytes == DECODER_MEMORY_BYTES:
        _spare.append(child)  # a child that did not answer was ended before
    else:
        self._child = child
        _leave(self, kind, error, trace)


@atexit.register
def _end_spare_children() -> None:
    for child in _spare:
        child.kill()
        child.wait()
