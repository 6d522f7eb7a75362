"""The permissions that the roles have in this app."""

from accounts.roles.groups import MODERATOR, TRUSTED, UPLOADER, RolePermissions

# Allows deciding about uploads and their chapters, and seeing all of them.
MODERATE = "reader.moderate_upload"
_EDITED = ("series", "chapter", "upload", "volume", "group", "page")
_SUBMIT = {"reader.submit_upload", "reader.view_upload", "reader.view_chapter"}

ROLE_PERMISSIONS: RolePermissions = {
    UPLOADER: _SUBMIT,
    TRUSTED: _SUBMIT | {"reader.skip_review"},
    MODERATOR: {
        *_SUBMIT,
        MODERATE,
        *(f"reader.{verb}_{model}" for verb in ("view", "add", "change") for model in _EDITED),
        "reader.view_bannedpicture",
        "reader.delete_page",
        "reader.delete_volume",
    },
}
