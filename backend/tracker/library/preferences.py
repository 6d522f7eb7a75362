"""What a user wants of their library: how scores look, and what happens by itself."""

from typing import Any

from accounts.auth.authority import acting
from accounts.models import User
from tracker.models import LibrarySettings


def preferences_of(user_id: int) -> LibrarySettings:
    """Return the user's preferences; the defaults, unsaved, where they have set none."""
    return LibrarySettings.objects.filter(user=user_id).first() or LibrarySettings(user_id=user_id)


def change_preferences(user: User, **changes: Any) -> LibrarySettings:
    """Set the given preferences, and return all of them; raises as `acting`."""
    with acting(user):
        return LibrarySettings.objects.update_or_create(user=user, defaults=changes)[0]
