"""Types for the web app's pages on the server; each app declares its own in `web_pages.py`.

A page is answered with all that its first screen needs: the data that the app would request from
the API at once, its head, and the screen as plain HTML in the reader's language. All of it is made
from what the API answers guests, so it is the same for all users.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.http.preferences import Preferences


@dataclass(frozen=True)
class Visit:
    """What a page depends on: groups of its path, its parameters, and the reader's preferences."""

    words: Mapping[str, str]
    parameters: Mapping[str, Sequence[str]]
    preferences: Preferences


class Ask(Protocol):
    """Requests data from the API as a guest; the address must be written as the app writes it."""

    def __call__(self, address: str) -> Any:
        """Return the API's answer, which is sent with the page; None if there is none."""
        ...


@dataclass(frozen=True)
class Head:
    """What search engines and link previews show; `image` is an address, a width and a height."""

    title: str = ""
    description: str = ""
    image: tuple[str, int, int] | None = None
    kind: str = "website"  # of Open Graph
    facts: Mapping[str, Any] | None = None  # of schema.org


@dataclass(frozen=True)
class Screen:
    """A page's head, and the template of its first screen with the context."""

    head: Head = field(default_factory=Head)
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


def empty_screen(visit: Visit, ask: Ask) -> Screen | None:
    """Return a screen without data."""
    return Screen()


@dataclass(frozen=True)
class WebPage:
    """One page: `path` is a regular expression, `parameters` are those that the screen uses.

    `screen` returns None if a guest may see no such object. `families` are those of the views that
    it asks, see `common.http.shared_cache`. `route` names the page in the web app,
    so that its files can be preloaded. `has_bar` is True for pages with the bar of the app's four
    places.
    """

    path: str
    route: str = ""
    parameters: tuple[str, ...] = ()
    screen: Callable[[Visit, Ask], Screen | None] = empty_screen
    families: tuple[str, ...] = ()
    has_bar: bool = True
