"""Starts the doubles by hand, for a look at the site with sources and without the internet.

`python -m tests.sources.doubles 9101` serves them on ports 9101, 9102 and 9103 until Ctrl-C, with
the limits of the real sites, and prints the environment for `manage.py up`.
"""

import sys
import threading
from contextlib import ExitStack

from tests.sources.doubles import DOUBLES, AniList
from tests.sources.doubles.anilist_lists import STATUSES

LIMITS = {
    "anilist": [("/graphql", 30, 60.0)],
    "mangadex": [("/api", 5, 1.0), ("/api/at-home", 40, 60.0)],
}


def fill(site: AniList) -> None:
    """Give two people lists, for whoever connects one of them."""
    aida, bek = site.people.add("Aida"), site.people.add("Bek", score_format="POINT_5")
    for at, work in enumerate(site.works):
        assert work.anilist is not None
        site.people.put(
            aida, work.anilist, progress=at, score_raw=at * 9, notes="Жакшы" if at % 3 else None,
            status=STATUSES[at % len(STATUSES)], private=at == 2,
            custom_lists=aida.custom_lists if at % 4 == 1 else (), hidden=at == 5,
        )  # fmt: skip
        if at % 2:
            site.people.put(bek, work.anilist, status="PLANNING")


first = int(sys.argv[1]) if len(sys.argv) > 1 else 9101
with ExitStack() as stack:
    print("OUTBOUND_ALLOW_PRIVATE=1")
    for port, (name, make) in enumerate(DOUBLES.items(), first):
        double = stack.enter_context(make(port))
        double.limits = LIMITS.get(name, [])
        for setting, value in double.environment().items():
            print(f"{setting}={value}", flush=True)
        if isinstance(double, AniList):
            fill(double)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("stopped")
