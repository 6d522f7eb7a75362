"""Measures how long a search takes: `python -m bench.search [--titles 10000 --names 30000]`.

Fills a database of its own (beside the one of the settings, dropped in the end) with made-up names
and prints milliseconds a query, next to what the database's own trigram search and a look at every
name in memory cost. What counts is processor time, of this process and of PostgreSQL's beside it
where that can be seen in /proc; elsewhere its part is missing, and wall time is printed too.
"""

import argparse
import os
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import django

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mangakg.settings")
    django.setup()

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from rapidfuzz import fuzz, process

from catalog.folding import fold_name, name_grams
from catalog.models import Alias, SearchName, Title
from catalog.search import search_titles
from catalog.search_index import reindex_all

_JAPANESE = """
    a i u e o ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho
    ma mi mu me mo ya yu yo ra ri ru re ro wa n ga gi gu ge go za ji zu ze zo da de do ba bi
    bu be bo kyo sho ryu jo kyu shin ken ten
""".split()  # noqa: SIM905
_ONSETS = [*"bcdfghjklmnprstvw", "br", "cr", "dr", "fr", "gr", "st", "tr", "sh", "th", "pl", "sl"]
_VOWELS = [*"aeiou", "ai", "ea", "ee", "oo", "ou"]
_CODAS = [*"nrstlmdk", "ng", "nd", "st", "ck", "ss", "rn"]
_COMMON_WORDS = "no the wa ga to of ni de wo a love girl world isekai dragon hero".split()  # noqa: SIM905


class Names:
    """Names whose words are as unevenly common as in a real catalogue; the same for a seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._words = _COMMON_WORDS + sorted({self._word() for _ in range(12_000)}, key=hash_of)
        self._word_weights = list(accumulate(1 / (rank + 3) for rank in range(len(self._words))))
        self._kanji = [chr(0x4E00 + self._random.randrange(20_000)) for _ in range(1_500)]
        self._hangul = [chr(0xAC00 + self._random.randrange(11_172)) for _ in range(600)]

    def name(self) -> str:
        kind = self._random.random()
        if kind < 0.78:
            count = self._random.choice([1, 2, 2, 3, 3, 4, 5, 7])
            words = self._random.choices(self._words, cum_weights=self._word_weights, k=count)
            return " ".join(words).title()
        if kind < 0.92:
            kana = [chr(code) for code in range(0x30A2, 0x30F3)]
            pools = (self._kanji, kana, list("のはがをにとでるいたしな"))
            return "".join(self._pick(self._random.choice(pools)) for _ in range(7))
        return "".join(self._pick(self._hangul) for _ in range(self._random.randint(2, 9)))

    def query(self, name: str) -> str:
        """Return what a reader may type to find `name`: all of it, its beginning, a word, typos."""
        folded = fold_name(name)
        kind = self._random.random()
        if kind < 0.2:
            return folded
        if kind < 0.4:
            return folded[: self._random.randint(1, len(folded))]
        if kind < 0.65:
            words = folded.split()
            return " ".join(self._random.sample(words, self._random.randint(1, len(words))))
        letters = list(folded)
        for _ in range(len(folded) // 5):
            place = self._random.randrange(len(letters))
            letters[place] = self._random.choice(["", "a", "k", letters[place] + "u"])
        return "".join(letters)

    def _word(self) -> str:
        if self._random.random() < 0.55:
            return "".join(self._random.choices(_JAPANESE, k=self._random.choice([1, 2, 2, 3, 4])))
        return "".join(
            self._random.choice(part)
            for _ in range(self._random.choice([1, 1, 2, 3]))
            for part in (_ONSETS, _VOWELS, _CODAS)
        )

    def _pick(self, letters: list[str]) -> str:
        return letters[min(int(self._random.paretovariate(0.6)) - 1, len(letters) - 1)]


def hash_of(word: str) -> int:
    """Return a number by which to shuffle, the same in every run."""
    return random.Random(word).getrandbits(32)


def fill(titles: int, names: int, maker: Names) -> list[str]:
    """Make indexed titles (one in ten unlisted) with names and aliases; return all names."""
    given = [maker.name() for _ in range(names)]
    Title.objects.bulk_create(
        (
            Title(name=given[i], kind="manga", moderation="approved" if i % 10 else "unlisted")
            for i in range(titles)
        ),
        batch_size=500,
    )
    ids = list(Title.objects.order_by("id").values_list("id", flat=True))
    content_type = ContentType.objects.get_for_model(Title)
    Alias.objects.bulk_create(
        (
            Alias(content_type=content_type, object_id=ids[i % titles], name=name)
            for i, name in enumerate(given[titles:])
        ),
        batch_size=500,
        ignore_conflicts=True,
    )
    started = time.perf_counter()
    reindex_all()
    print(f"indexed {SearchName.objects.count()} names in {time.perf_counter() - started:.1f} s")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return given


def processor_clock() -> Callable[[], float]:
    """Return the processor seconds so far, with those of the database where /proc shows them."""
    if connection.vendor == "sqlite":
        return time.process_time
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        spent = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    if not spent.exists() or "postgres" not in (spent.parent / "comm").read_text():
        return time.process_time
    return lambda: time.process_time() + int(spent.read_text().split()[0]) / 1e9


def timed(label: str, search: Callable[[str], object], queries: list[str]) -> None:
    """Print percentiles in milliseconds, after a warm-up that is not counted."""
    clock = processor_clock()
    for query in queries[:20]:
        search(query)
    taken = []
    started_wall = time.perf_counter()
    for query in queries:
        started = clock()
        search(query)
        taken.append((clock() - started) * 1000)
    wall = (time.perf_counter() - started_wall) * 1000 / len(queries)
    taken.sort()
    p50, p90, p99 = (taken[int(len(taken) * part)] for part in (0.5, 0.9, 0.99))
    print(
        f"{label:30} p50 {p50:6.2f}  p90 {p90:6.2f}  p99 {p99:6.2f}  max {taken[-1]:6.2f} ms"
        f"   (wall, mean {wall:6.2f})"
    )


def others() -> Iterator[tuple[str, Callable[[str], object]]]:
    """Measure the database's own trigram search, and a search without a database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("CREATE VIRTUAL TABLE bench_fts USING fts5(folded, tokenize='trigram')")
            cursor.execute("INSERT INTO bench_fts SELECT folded FROM catalog_searchname")
            statement = (
                "SELECT rowid FROM bench_fts WHERE bench_fts MATCH %s ORDER BY rank LIMIT 500"
            )
        else:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(
                "CREATE INDEX ON catalog_searchname USING gin (folded public.gin_trgm_ops)"
            )
            statement = (
                "SELECT id FROM catalog_searchname WHERE %s <%% folded"
                " ORDER BY word_similarity(%s, folded) DESC LIMIT 500"
            )

    def native(query: str) -> object:
        if connection.vendor == "sqlite":
            grams = {query[i : i + 3] for i in range(len(query) - 2)}
            values = [" OR ".join(f'"{gram}"' for gram in sorted(grams)) or '"   "']
        else:
            values = [query, query]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    yield "FTS5, OR of trigrams, by rank" if connection.vendor == "sqlite" else "pg_trgm <%", native
    folded = list(SearchName.objects.values_list("folded", flat=True))
    yield (
        "rapidfuzz over all in memory",
        lambda query: process.extract(query, folded, scorer=fuzz.ratio, score_cutoff=60, limit=500),
    )


def run(titles: int, names: int) -> None:
    maker = Names()
    given = fill(titles, names, maker)
    grams = sum(len(name_grams(name.folded)) for name in SearchName.objects.only("folded"))
    print(f"{connection.vendor}: {titles} titles, {grams} grams")
    asked = [maker.query(name) for name in random.Random(2).choices(given, k=1500)]
    among = Title.objects.filter(moderation="approved")
    timed("search_titles", lambda query: search_titles(query, among=among), asked)
    for label, search in others():
        timed(label, search, asked[:200])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=10_000)
    parser.add_argument("--names", type=int, default=30_000)
    options = parser.parse_args()
    database = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        name = f"test_mangakg_{secrets.token_hex(4)}"
        connection.settings_dict["TEST"]["NAME"] = (
            str(Path(folder) / name) if connection.vendor == "sqlite" else name
        )
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            run(options.titles, options.names)
        finally:
            connection.creation.destroy_test_db(database, verbosity=0)


if __name__ == "__main__":
    main()
