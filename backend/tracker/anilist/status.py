"""How somebody's connection to AniList stands, for them to see."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from common.models import ACTIVE_JOBS, Job
from sources.answers.clients import message_of
from tracker.anilist.client import KeyMissing, TokenRefused
from tracker.anilist.connecting import NOTICE_DAYS, is_on
from tracker.choices import AniListState, Kept
from tracker.models import AniListAccount, AniListConflict, AniListEntry

IMPORT = "import_anilist"
SETTINGS = (
    "is_paused", "direction", "conflicts", "send_scores", "send_notes", "send_dates",
    "send_private", "send_deletions",
)  # fmt: skip
_COPIED = (
    *("state", "score_format", "connected_at", "pulled_at", "pull_at", "last_result"),
    *SETTINGS,
)


def status_of(user_id: int) -> dict[str, Any]:
    """Return all of it; without an account, what a new one would begin with."""
    account = AniListAccount.objects.filter(user=user_id).first()
    if account is None:
        nothing = {"waiting": 0, "refused": 0, "open_conflicts": 0}
        return _shown(AniListAccount(state="")) | nothing | {"job_id": None, "last_import": None}
    entries = AniListEntry.objects.filter(account=account)
    last = Job.objects.filter(owner=user_id, kind=IMPORT).order_by("-pk").first()
    return _shown(account) | {
        "waiting": entries.filter(waiting_since__isnull=False).count(),
        "refused": entries.filter(~Q(refusal_code="")).count(),
        "open_conflicts": AniListConflict.objects.filter(account=account, kept=Kept.WAITS).count(),
        # Only one runs at a time: it is the last.
        "job_id": last.pk if last is not None and last.state in ACTIVE_JOBS else None,
        "last_import": None if last is None else {"id": last.pk, "types": [], **last.parameters},
    }


def _shown(account: AniListAccount) -> dict[str, Any]:
    ends_at = account.token_expires_at
    soon = timezone.now() + timedelta(days=max(NOTICE_DAYS))
    is_connected = account.state == AniListState.CONNECTED
    return {
        **{name: getattr(account, name) for name in _COPIED},
        "is_available": is_on(),
        "is_reading": bool(account.pull_cursor) and is_connected and not account.is_paused,
        "name": account.anilist_name,
        "site_url": f"https://anilist.co/user/{account.anilist_name}/"
        if account.anilist_name
        else "",
        "expires_at": ends_at,
        "ends_soon": is_connected and ends_at is not None and ends_at <= soon,
        "error": error_of(account.error_code),
    }


def error_of(code: str) -> dict[str, str] | None:
    """Return what went wrong last, in the current language."""
    return {"code": code, "detail": _words(code)} if code else None


def _words(code: str) -> str:
    match code:
        case TokenRefused.code:
            return str(TokenRefused().message)
        case KeyMissing.code:
            return str(KeyMissing().message)
        case "anilist_taken":
            return _("Somebody else here has connected that account at AniList.")
        case "anilist_other_account":
            return _("That is another account at AniList than before. Disconnect first.")
        case _:
            return message_of(code)
