"""The permissions that the roles have in this app."""

from accounts.roles.groups import MODERATOR, TRUSTED, UPLOADER, RolePermissions

# Allows deciding about titles, and seeing all of them.
MODERATE = "catalog.moderate_title"

_WATCHED = ("movie", "anime", "show")
_EDITED = (
    "title", *_WATCHED, "person", "author", "artist", "credit", "alias", "category", "tag", "cover",
    "screenshot",
)  # fmt: skip
_DELETED = (
    *_WATCHED, "alias", "credit", "person", "author", "artist", "tag", "category", "screenshot",
)  # fmt: skip

ROLE_PERMISSIONS: RolePermissions = {
    UPLOADER: {"catalog.view_title"},
    TRUSTED: {"catalog.view_title"},
    MODERATOR: {
        MODERATE,
        *(f"catalog.{verb}_{model}" for verb in ("view", "add", "change") for model in _EDITED),
        *(f"catalog.delete_{model}" for model in _DELETED),
    },
}
