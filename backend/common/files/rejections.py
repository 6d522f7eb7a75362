"""Files of strangers that cannot be taken: a problem that we expect, with its code and sentence."""

import unicodedata
from typing import ClassVar

_SHOWN_CHARACTERS = 120


class FileRejected(Exception):
    """A problem of a file that we expect: it becomes an error code, never a crash.

    `sentences` of a kind of file: problem -> (code, English sentence). A problem names exactly one
    sentence; several share a code. The sentences are message ids for gettext, so they are never
    built from parts; `message_id` is the one with named places and `params` fill them.
    `malicious` means that it counts as a strike against the sender.
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
        """The sentence in English."""
        return self.message_id % self.params

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def show_name(name: str) -> str:
    """A stranger's file name fit for a sentence: no control or direction characters, short."""
    shown = "".join(
        c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
        for c in name[:_SHOWN_CHARACTERS]
    )
    return shown if len(name) <= _SHOWN_CHARACTERS else shown + "…"
