"""What an API key may be for. Nothing here ever gives a moderator's or an admin's rights."""

from collections.abc import Collection

READ, LIBRARY, UPLOAD = "read", "library", "upload"
SCOPES = (READ, LIBRARY, UPLOAD)
# All the permissions that a key can carry, where its person has them.
_PERMISSIONS = {UPLOAD: {"reader.submit_upload", "reader.skip_review"}}


def scopes_carry(scopes: Collection[str], permission: str) -> bool:
    """True where a key of these scopes may use the permission of its person."""
    return any(permission in _PERMISSIONS.get(scope, ()) for scope in scopes)
