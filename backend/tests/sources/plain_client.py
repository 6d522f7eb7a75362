"""A plain client for plug-ins: it sends what they ask for, and neither waits nor tries again."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx

from sources.contract import Answer, SourceFailed

AGENT = "MangaKG-tests (+https://manga.example)"


class PlainClient:
    """Speaks to doubles. `budgets` keeps what each request counts for."""

    def __init__(self) -> None:
        self.budgets: list[Sequence[str]] = []
        self._client = httpx.Client(
            headers={"User-Agent": AGENT}, timeout=10, trust_env=False, follow_redirects=True
        )

    def request(
        self,
        method: Literal["GET", "POST"],
        url: str,
        *,
        params: Mapping[str, str | int | Sequence[str]] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        budgets: Sequence[str] = ("",),
        retries: bool = True,
        max_bytes: int = 5 * 2**20,
        accepts: Sequence[int] = (200,),
    ) -> Answer:
        """See `sources.contract.Client`."""
        self.budgets.append(budgets)
        options: dict[str, Any] = {"params": params, "headers": headers}
        if json is not None:
            options["json"] = json
        try:
            response = self._client.request(method, url, **options)
        except httpx.HTTPError as error:
            raise SourceFailed(str(error)) from error
        if response.status_code == 429:
            raise SourceFailed("It asks us to wait.", code="source_limited")
        if response.status_code not in accepts or len(response.content) > max_bytes:
            raise SourceFailed(f"{response.status_code}")
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(str(response.url), response.status_code, named, response.content)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
