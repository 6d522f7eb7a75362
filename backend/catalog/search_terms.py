"""Analyses a query: which grams are looked up, and how well a name matches it. No database."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from catalog.folding import fold_query, is_cjk, is_signs
from common.names import fold_text

MAX_QUERY_CHARS = 80
LETTERS_PER_EDIT = 5
# Queries of at least this many letters are allowed one edit: "mans" means Manas.
_LETTERS_OF_FIRST_EDIT = 4
_LENGTHS_BESIDE = 2

# How well a name matches, best first.
EXACT, FIRST_WORDS, PREFIX, WORD_START, CONTAINED, TYPO, SIMILAR = range(7)


class Span(NamedTuple):
    """A gram of the query and the characters start..end of the query that it covers."""

    start: int
    end: int
    gram: str
    is_inner: bool  # covers letters only, so that names with the query inside a word have it too


class Terms:
    """A folded query with its words, letters and grams."""

    def __init__(self, query: str) -> None:
        self.folded = fold_query(query)[:MAX_QUERY_CHARS].strip()
        self.spelling = fold_text(query)
        self.is_signs = bool(self.folded) and is_signs(self.folded)
        self.words = self.folded.split()
        self.letters = "".join(self.words)
        is_tolerant = len(self.letters) >= _LETTERS_OF_FIRST_EDIT
        self.edits = max(len(self.letters) // LETTERS_PER_EDIT, int(is_tolerant))
        self.spans = _spans(self.words)
        self.grams = sorted({span.gram for span in self.spans})
        is_letter = len(self.letters) == 1 and not is_cjk(self.folded)
        self._after_letter = " " if is_letter else ""
        # A name within the allowed edits shares at least this many grams; a swap breaks four.
        self._shared_if_typo = max(1, len(self.grams) - 4 * self.edits)
        self._shared_if_similar = max(2, -(-3 * len(self.grams) // 5))

    def __bool__(self) -> bool:
        return bool(self.folded)

    @property
    def is_short(self) -> bool:
        """True for one or two characters: they match the beginning of a word, in CJK any place."""
        return len(self.letters) <= 2

    def rank(self, name: str) -> tuple[int, float] | None:
        """Return how well a folded name matches: (one of the classes above, unlikeness within it);
        lower is better; None for a name that does not match."""
        if self.is_signs:
            return (EXACT, 0.0) if name == self.folded else None
        letters = name.replace(" ", "")
        shorter, longer = sorted((len(letters), len(self.letters)))
        length_gap = 1 - shorter / longer
        place = self._place(name, letters)
        if place is not None:
            return place, length_gap
        if self.is_short:
            return None
        padded = f" {name} "
        shared = sum(gram in padded for gram in self.grams)
        if self.edits and shared >= self._shared_if_typo:
            distance = self._distance(name, letters)
            if distance is not None:
                # Typing errors are rare in the first letter.
                return TYPO, distance + length_gap + (letters[0] != self.letters[0])
        if shared >= self._shared_if_similar and longer <= 3 * shorter:
            return SIMILAR, 1 - shared / len(self.grams) + length_gap
        return None

    def is_spelled(self, place: int, spellings: str) -> bool:
        """Return True where a name of the class `place` is written as the query is, and is not only
        folded alike, as C and K, or V and W, are."""
        if place == EXACT:
            return self.spelling in spellings.split("\n")
        return place <= CONTAINED and self.spelling in spellings

    def _place(self, name: str, letters: str) -> int | None:
        """Return the class of a name that holds the query without edits; None for others."""
        padded = f" {name} "
        if letters.startswith(self.letters):
            if letters == self.letters:
                return EXACT
            return FIRST_WORDS if padded.startswith(f" {self.folded} ") else PREFIX
        # A single letter must be a whole word, or every second name would match.
        if f" {self.folded}{self._after_letter}" in padded:
            return WORD_START
        if self.is_short and not is_cjk(self.folded):
            return None
        # Only a long query may match across a space ("onepiece"): a short one would by chance.
        holds_it = self.folded in name or (self.edits and self.letters in letters)
        if holds_it or all(f" {word}" in padded for word in self.words):
            return CONTAINED
        return None

    def _distance(self, name: str, letters: str) -> int | None:
        """Return the edits between the query and the name, its beginning, or its words in any
        order; None where they are more than allowed."""
        edits, typed = self.edits, len(self.letters)
        best = edits + 1
        # Beginnings of nearly the query's length: people leave out about as many letters as they
        # add.
        beside = min(edits, _LENGTHS_BESIDE)
        lengths = {min(typed + gap, len(letters)) for gap in range(-beside, beside + 1)}
        if abs(len(letters) - typed) <= edits:
            lengths.add(len(letters))
        for length in lengths:
            distance = OSA.distance(self.letters, letters[:length], score_cutoff=best - 1)
            best = min(best, distance)
        if best <= 1:
            return best
        total = 0
        names = name.split()
        for number, word in enumerate(self.words, start=1):
            is_unfinished = number == len(self.words)
            total += _word_distance(word, names, min(best - 1 - total, (len(word) + 2) // 5),
                                    is_unfinished)  # fmt: skip
            if total >= best:
                break
        best = min(best, total)
        return best if best <= edits else None


def _word_distance(word: str, names: list[str], limit: int, is_unfinished: bool) -> int:
    """Return the edits to the nearest word, or to the beginning of one; MAX_QUERY_CHARS over the
    limit."""
    best = limit + 1
    for other in names:
        ends = {len(other)}
        if is_unfinished and len(other) > len(word):
            ends.update((len(word), len(word) + 1))
        for end in ends:
            best = min(best, OSA.distance(word, other[:end], score_cutoff=limit))
    return best if best <= limit else MAX_QUERY_CHARS


def _spans(words: list[str]) -> list[Span]:
    """Return the grams of `folding.name_grams` with their places in " word word".

    They are sorted by their ends. The last word may be unfinished, so no gram covers its end. In
    CJK a single character is a gram only where it is the whole word.
    """
    spans: list[Span] = []
    start = 0
    for number, word in enumerate(words, start=1):
        if is_cjk(word):
            spans += [
                Span(start + 1 + i, start + 1 + i + len(gram), gram, True)
                for i in range(max(1, len(word) - 1))
                for gram in [word[i : i + 2]]
            ]
        else:
            is_open = number == len(words) and len(word) > 1
            padded = f" {word}" if is_open else f" {word} "
            spans += [
                Span(start + i, start + i + 3, padded[i : i + 3], 0 < i < len(word) - 1)
                for i in range(len(padded) - 2)
            ]
        start += len(word) + 1
    return spans


def choose_grams(terms: Terms, cost: Mapping[str, int]) -> list[str]:
    """Return the cheapest grams of which every name within the allowed edits has at least one.

    `cost` is the number of names of each gram. An edit breaks at most one of several grams that
    share no character of the query (so does a swap, where a character lies between them), so one of
    edits + 1 such grams is left. Where only one gram can be had, or one is enough, it should be an
    inner one, which a name that only contains the query has as well.
    """
    inner = [span for span in terms.spans if span.is_inner] or terms.spans
    for apart, count in [(1, terms.edits + 1), *((0, n) for n in range(terms.edits + 1, 0, -1))]:
        spans = terms.spans if count > 1 else inner
        chosen = _cheapest_disjoint(spans, cost, count, apart)
        if chosen is not None:
            return sorted({spans[index].gram for index in chosen})
    return []


def _cheapest_disjoint(
    spans: Sequence[Span], cost: Mapping[str, int], count: int, apart: int
) -> tuple[int, ...] | None:
    """Return the indexes of the `count` spans that cost least together and are at least `apart`
    characters from each other; None where there are not so many."""
    ends = [span.end for span in spans]
    # For each span, how many of the first spans (sorted by their ends) may be chosen with it.
    before = [bisect_right(ends, span.start - apart) for span in spans]
    # best[i] is the cheapest choice out of the first i spans; every round chooses one more span.
    best: list[tuple[int, tuple[int, ...]] | None] = [(0, ())] * (len(spans) + 1)
    for _ in range(count):
        longer: list[tuple[int, tuple[int, ...]] | None] = [None]
        for index, span in enumerate(spans):
            choice = longer[index]
            base = best[before[index]]
            if base is not None:
                total = base[0] + cost[span.gram]
                if choice is None or total < choice[0]:
                    choice = total, (*base[1], index)
            longer.append(choice)
        best = longer
    return None if best[-1] is None else best[-1][1]
