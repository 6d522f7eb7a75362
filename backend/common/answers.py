"""DRF answers with their caching said."""

from typing import Any

from rest_framework.response import Response


class PrivateResponse(Response):
    """An answer for one person: no cache may keep it."""

    def __init__(self, data: Any = None, status: int = 200) -> None:
        super().__init__(data, status=status, headers={"Cache-Control": "private, no-store"})
