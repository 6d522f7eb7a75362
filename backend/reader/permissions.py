"""What the roles may do in this app, and who may decide about uploads and their chapters."""

from django.utils.translation import gettext as _

from accounts.auth.authority import refuse_banned
from accounts.models import User
from accounts.roles.groups import MODERATOR, TRUSTED, UPLOADER, RolePermissions
from common.http.errors import Forbidden

_EDITED = ("series", "chapter", "upload", "volume", "group", "page")
_SUBMIT = {"reader.submit_upload", "reader.view_upload", "reader.view_chapter"}

ROLE_PERMISSIONS: RolePermissions = {
    UPLOADER: _SUBMIT,
    TRUSTED: _SUBMIT | {"reader.skip_review"},
    MODERATOR: {
        *_SUBMIT,
        "reader.moderate_upload",
        *(f"reader.{verb}_{model}" for verb in ("view", "add", "change") for model in _EDITED),
        "reader.view_bannedpicture",
        "reader.delete_page",
        "reader.delete_volume",
    },
}


def refuse_unless_moderator(user: User) -> None:
    """Raise Banned or Forbidden unless the user may decide about uploads."""
    refuse_banned(user)
    if not user.has_perm("reader.moderate_upload"):
        raise Forbidden(_("Only moderators may do this."))
