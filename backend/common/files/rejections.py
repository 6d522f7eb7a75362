"""Errors for files from users that cannot be accepted: a problem with its code and sentence."""

import unicodedata
from typing import ClassVar

_SHOWN_CHARACTERS = 120


class FileRejected(Exception):
    """An expected problem of a file: it becomes an error code, never a crash.

    `sentences` maps each problem of a kind of file to (code, English sentence). A problem has
    exactly one sentence; several share a code. The sentences are message ids for gettext, so they
    are never built from parts; `params` fill the named places of `message_id`. `malicious` means
    that it counts as a strike against the sender.
    """

    sentences: ClassVar[dict[str, tuple[str, str]]] = {}

    def __init__(self, problem: str, *, malicious: bool = False, **params: str | int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.code, self.message_id = self.sentences[problem]
        self.params: dict[str, str | int] = params
        self.malicious = malicious

    @property
    def message(self) -> str:
        """Return the sentence in English."""
        return self.message_id % self.params

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def show_name(name: str) -> str:
    """Return a file name that is safe in a sentence: short, without control or direction marks."""
    shown = "".join(
        c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
        for c in name[:_SHOWN_CHARACTERS]
    )
    return shown if len(name) <= _SHOWN_CHARACTERS else shown + "…"
