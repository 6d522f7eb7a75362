"""The scopes of API keys. None of them gives rights of a moderator or an admin."""

from collections.abc import Collection

READ, LIBRARY, UPLOAD = "read", "library", "upload"
SCOPES = (READ, LIBRARY, UPLOAD)
# The only permissions that a key can carry, if its user has them.
_PERMISSIONS = {UPLOAD: {"reader.submit_upload", "reader.skip_review"}}


def scopes_carry(scopes: Collection[str], permission: str) -> bool:
    """Return True where a key of these scopes may use a permission that its user has."""
    return any(permission in _PERMISSIONS.get(scope, ()) for scope in scopes)
