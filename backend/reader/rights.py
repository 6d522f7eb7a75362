"""Who may decide about uploads and what belongs to them."""

from django.utils.translation import gettext as _

from accounts.authority import refuse_banned
from accounts.models import User
from common.errors import Forbidden


def refuse_unless_moderator(user: User) -> None:
    """Raise unless this person may decide about uploads."""
    refuse_banned(user)
    if not user.has_perm("reader.moderate_upload"):
        raise Forbidden(_("Only moderators may do this."))
