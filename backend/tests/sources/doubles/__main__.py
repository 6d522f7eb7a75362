"""Starts the doubles by hand, for a look at the site with sources and without the internet.

`python -m tests.sources.doubles 9101` serves them on ports 9101, 9102 and 9103 until Ctrl-C, with
the limits of the real sites, and prints the environment for `manage.py up`.
"""

import sys
import threading
from contextlib import ExitStack

from tests.sources.doubles import DOUBLES

LIMITS = {
    "anilist": [("/graphql", 30, 60.0)],
    "mangadex": [("/api", 5, 1.0), ("/api/at-home", 40, 60.0)],
}

first = int(sys.argv[1]) if len(sys.argv) > 1 else 9101
with ExitStack() as stack:
    print("OUTBOUND_ALLOW_PRIVATE=1")
    for port, (name, make) in enumerate(DOUBLES.items(), first):
        double = stack.enter_context(make(port))
        double.limits = LIMITS.get(name, [])
        for setting, address in double.addresses().items():
            print(f"{setting}={address}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("stopped")
