"""Pages of the web app as the server knows them; each app declares its own in `web_pages.py`.

A page is answered with what it starts from: the data that the app would ask the API for at once,
its head, and plain HTML of its first screen, in the reader's language. All of it is made of what
the API answers anybody, so it is the same for whoever asks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.http.preferences import Preferences


@dataclass(frozen=True)
class Visit:
    """What a page depends on: words of its path, its parameters, and what its reader prefers."""

    words: Mapping[str, str]
    parameters: Mapping[str, Sequence[str]]
    preferences: Preferences


class Ask(Protocol):
    """Asks the API as anybody; the address is written exactly as the app writes it."""

    def __call__(self, address: str) -> Any:
        """Return what the API answers, which goes with the page; None where it has nothing."""
        ...


@dataclass(frozen=True)
class Head:
    """What search engines and previews of links show; `image` is an address and its two sizes."""

    title: str = ""
    description: str = ""
    image: tuple[str, int, int] | None = None
    kind: str = "website"  # of Open Graph
    facts: Mapping[str, Any] | None = None  # of schema.org


@dataclass(frozen=True)
class Screen:
    """A page's head, and the template of its first screen with what that needs."""

    head: Head = field(default_factory=Head)
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


def empty_screen(visit: Visit, ask: Ask) -> Screen | None:
    """Return a screen that starts from no data."""
    return Screen()


@dataclass(frozen=True)
class WebPage:
    """One page: `path` is a regular expression, `parameters` are those that the screen looks at.

    `screen` returns None where there is no such thing that anybody may see. `route` names the page
    in the web app, whose files for it are then loaded early. `has_bar`: with the app's four places.
    """

    path: str
    route: str = ""
    parameters: tuple[str, ...] = ()
    screen: Callable[[Visit, Ask], Screen | None] = empty_screen
    has_bar: bool = True
