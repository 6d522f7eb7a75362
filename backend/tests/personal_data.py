"""Gives a user one of everything that is private, each with a unique text, and says who may see it.

`give_personal_data` makes it, `leaks` finds the texts in an answer that its reader must not see.
"""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.auth.sessions import open_session
from accounts.models import (
    ApiKey,
    AuditEntry,
    AvatarUpload,
    OutgoingEmail,
    RequestState,
    Session,
    Strike,
    UploaderRequest,
    User,
    Visibility,
)
from catalog.choices import Kind, Moderation
from catalog.models import Title
from common.work.jobs import record_job, start_job
from reader.models import Chapter, Page, ReadingState, Upload
from reader.reading.marks import MARKS
from safety.models import Case, CaseState, ModeratorWarning, Reason, Report
from tests.cast import give_second_factor, make_title, make_upload_row
from tracker.choices import AniListState, Kept, Origin
from tracker.library.items import add_item, add_named_item, edit_item
from tracker.library.lists import make_list, put_entry
from tracker.models import (
    AniListAccount,
    AniListConflict,
    AniListEntry,
    LibraryChange,
    LibraryItem,
    LibraryTag,
)

EXPORT = "/api/auth/me/export"
# Name of a private text -> the paths that show it to its owner; none: not even the owner sees it.
PLACES = {
    "email": "/api/auth/me",
    "pending_email": "/api/auth/me",
    "display_name": "/api/auth/me",
    "bio": "/api/auth/me",
    "avatar_draft": "/api/auth/me",
    "avatar_upload": "/api/auth/me",
    "request_text": "/api/auth/me",
    "request_answer": "/api/auth/me",
    "session_device": "/api/auth/sessions",
    "session_network": "",
    "session_family": "",
    "session_refresh_hash": "",
    "key_name": "/api/auth/keys",
    "key_hint": "/api/auth/keys",
    "key_hash": "",
    "report_text": "/api/reports",
    "report_answer": "/api/reports",
    "open_report_text": "/api/reports",
    "warning": "/api/warnings",
    "title_name": "/api/titles?scope=mine",
    "chapter_title": "/api/chapters/{chapter}",
    "upload_filename": "/api/uploads",
    "upload_title": "/api/uploads",
    "upload_reason": "/api/uploads",
    "page_name": "/api/uploads/{upload}",
    "reading": "/api/reading",
    "library_notes": "/api/library/items",
    "library_title": "/api/library/items",
    "library_tag": "/api/library/tags",
    "library_list": "/api/library/lists",
    "library_change": "/api/library/history",
    "anilist_name": "/api/anilist/status",
    "anilist_conflict": EXPORT,
    "anilist_entry": EXPORT,
    "anilist_code": "",
    "anilist_token": "",
    "password_hash": "",
    "totp_secret": "",
    "totp_sealed": "",
    "recovery_seed": "",
    "outgoing_email": "",
    "strike": EXPORT,
    "audit": EXPORT,
}
# The beginnings of the paths at which moderators and admins see some texts too.
_OF_TITLES = ("/api/titles", "/api/series", "/api/chapters", "/api/uploads", "/api/reports")
STAFF_SEES: dict[str, tuple[str, ...]] = {
    "title_name": _OF_TITLES,
    "chapter_title": _OF_TITLES,
    "upload_filename": ("/api/uploads",),
    "upload_title": ("/api/uploads",),
    "upload_reason": ("/api/uploads",),
    "page_name": ("/api/uploads",),
}
# The texts that a profile shows to users who may see it, and the paths.
PROFILE = ("display_name", "bio", "avatar_draft")
PROFILES = "/api/users/"


# The address of what stops the job that is running; `/api/jobs/` is the one that can be undone.
STOP_JOB = "/api/jobs/{id}/stop"


@dataclass
class Belongings:
    """The private data of a user: ids by how their paths begin, and texts by their names."""

    user: User
    ids: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    totp_secret: str = ""

    @property
    def title_word(self) -> str:
        """Return the part of an address that names the title that waits for approval."""
        return f"p-{self.ids['/api/titles/']}"


def give_personal_data(user: User, *, read: Chapter, has_second_factor: bool = False) -> Belongings:
    """Give a user one of everything; `read` is the public chapter that they have opened."""
    mine = Belongings(user)
    mine.words = {place: f"{user.username}.{place}.private" for place in PLACES}
    _fill_profile(mine)
    _open_limiters(mine)
    _submit(mine)
    _tell(mine)
    _read(mine, read)
    _keep(mine, read)
    # Recovery codes come with a second factor; a user without one has none.
    for place in ("totp_secret", "totp_sealed", "recovery_seed"):
        del mine.words[place]
    if has_second_factor:
        mine.totp_secret = give_second_factor(user)
        totp = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
        codes = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
        mine.words["totp_secret"] = mine.totp_secret
        mine.words["totp_sealed"] = totp.data["secret"]
        mine.words["recovery_seed"] = codes.data["seed"]
    return mine


def _fill_profile(mine: Belongings) -> None:
    user, words = mine.user, mine.words
    words["email"] = user.email
    words["pending_email"] = f"{user.username}.new@example.test"
    words["avatar_draft"] = f"{user.pk:x}".rjust(32, "e")
    words["password_hash"] = user.password
    EmailAddress.objects.create(
        user=user, email=words["pending_email"], primary=False, verified=False
    )
    user.bio, user.display_name = words["bio"], words["display_name"]
    user.avatar_draft = f"avatars/{words['avatar_draft']}"
    user.time_zone, user.reading_direction, user.reading_fit = "Asia/Bishkek", "rtl", "width"
    user.hidden_ratings, user.data_saver = ["erotica"], True
    user.reading_languages = ["ky"]
    user.save()
    AvatarUpload.objects.create(
        user=user, error_code="bad_image",
        error_params={"problem": "broken_image", "name": words["avatar_upload"]},
    )  # fmt: skip
    asked = UploaderRequest.objects.create(
        user=user, text=words["request_text"], answer=words["request_answer"],
        state=RequestState.REFUSED, decided_at=timezone.now(),
    )  # fmt: skip
    OutgoingEmail.objects.create(
        kind="confirm", address=user.email, user=user, language="en",
        params={"address": asked.pk, "words": words["outgoing_email"]},
    )  # fmt: skip


def _open_limiters(mine: Belongings) -> None:
    user, words = mine.user, mine.words
    words["key_hint"] = f"hint{user.pk:04}"
    words["session_family"] = f"{user.pk:x}".rjust(32, "f")
    open_session(user)
    session = user.sessions.get()
    Session.objects.filter(pk=session.pk).update(
        device=words["session_device"], network=words["session_network"],
        family=words["session_family"], refresh_hash=words["session_refresh_hash"],
    )  # fmt: skip
    key = ApiKey.objects.create(
        user=user, name=words["key_name"], hint=words["key_hint"], key_hash=words["key_hash"],
        scopes=["read"], expires_at=timezone.now(), last_used_at=timezone.now(),
    )  # fmt: skip
    mine.ids |= {"/api/auth/sessions/": session.pk, "/api/auth/keys/": key.pk}


def _submit(mine: Belongings) -> None:
    user, words = mine.user, mine.words
    title = make_title(words["title_name"], moderation=Moderation.PENDING, created_by=user)
    upload = make_upload_row(
        uploader=user, series=title, state="awaiting_review", title=words["upload_title"],
        reason=words["upload_reason"],
    )  # fmt: skip
    Upload.objects.filter(pk=upload.pk).update(filename=words["upload_filename"])
    Page.objects.filter(upload=upload, number=1).update(name=words["page_name"])
    Chapter.objects.filter(pk=upload.chapter_id).update(title=words["chapter_title"])
    mine.ids |= {
        "/api/titles/": title.pk, "/api/uploads/": upload.pk, "/api/chapters/": upload.chapter_id,
    }  # fmt: skip


def _tell(mine: Belongings) -> None:
    """Write messages from the user to moderators, and from moderators to and about the user."""
    user, words = mine.user, mine.words
    about = Title.objects.exclude(created_by=user).order_by("pk")[0]
    case, _is_new = Case.objects.get_or_create(
        subject_type="title", subject_id=about.pk, state=CaseState.OPEN,
        defaults={"subject_label": about.name, "subject_url": f"/series/{about.path_slug}"},
    )  # fmt: skip
    Report.objects.create(
        case=case, reporter=user, reason=Reason.OTHER, text=words["open_report_text"]
    )
    decided = Case.objects.create(
        subject_type="title", subject_id=about.pk, subject_label=about.name,
        subject_url=case.subject_url, state=CaseState.ACTED, answer=words["report_answer"],
        decided_at=timezone.now(),
    )  # fmt: skip
    Report.objects.create(
        case=decided, reporter=user, reason=Reason.SPAM, text=words["report_text"]
    )
    warning = ModeratorWarning.objects.create(user=user, text=words["warning"])
    mine.ids["/api/warnings/"] = warning.pk
    Strike.objects.create(user=user, code="manual", subject="form:1", reason=words["strike"])
    AuditEntry.objects.create(
        action="warn", subject_type="user", subject_id=user.pk, reason=words["audit"]
    )


def _read(mine: Belongings, chapter: Chapter) -> None:
    moment = datetime(2021, 2, 3, tzinfo=UTC) + timedelta(seconds=mine.user.pk)
    mine.words["reading"] = f"{moment:%Y-%m-%dT%H:%M:%S}"
    ReadingState.objects.create(
        user=mine.user,
        series=chapter.series,
        chapter=chapter,
        page=1,
        changed_at=moment,
        finished_at=moment,
        last_finished_at=moment,
    )


def _keep(mine: Belongings, chapter: Chapter) -> None:
    """Fill a library, with a title that only its owner knows of."""
    user, words = mine.user, mine.words
    item = add_item(
        user, title_id=chapter.series_id, origin=Origin.WEB,
        fields={"notes": words["library_notes"], "tags": [words["library_tag"]], "score": 70},
    )[0]  # fmt: skip
    add_named_item(user, kind=Kind.MOVIE, name=words["library_title"], fields={}, origin=Origin.WEB)
    edit_item(user, item.pk, fields={"notes": words["library_change"]}, origin=Origin.WEB)
    edit_item(user, item.pk, fields={"notes": words["library_notes"]}, origin=Origin.WEB)
    LibraryItem.objects.filter(pk=item.pk).update(
        synced_at=timezone.now(), started_on=date(2021, 2, 3), max_progress=700
    )
    kept = make_list(user, name=words["library_list"])
    put_entry(user, kept.pk, title_id=item.title_id)
    account = AniListAccount.objects.create(
        user=user, state=AniListState.REVOKED, anilist_id=user.pk,
        anilist_name=words["anilist_name"], code=words["anilist_code"],
        token=words["anilist_token"], warned_days=7,
    )  # fmt: skip
    AniListEntry.objects.create(
        account=account, title_id=chapter.series_id, media_id=1,
        agreed={"notes": words["anilist_entry"]},
    )  # fmt: skip
    AniListConflict.objects.create(
        account=account, title_id=chapter.series_id, field="notes", kept=Kept.WAITS,
        mine=words["anilist_conflict"],
    )  # fmt: skip
    running = start_job(MARKS, owner=user, items=[])
    done = record_job(MARKS, owner=user, items=[], undo_for=timedelta(days=1))
    mine.ids |= {
        "/api/jobs/": done.pk, STOP_JOB: running.pk,
        "/api/library/items/": item.pk, "/api/library/tags/": LibraryTag.objects.get(user=user).pk,
        "/api/library/history/": LibraryChange.objects.filter(user=user).latest("pk").pk,
        "/api/library/lists/": kept.pk, "/api/library/items/by-title/": item.title_id,
    }  # fmt: skip


# --- Answers ------------------------------------------------------------------------------------


def leaks(
    text: str, *, path: str, reader: User | None, people: list[Belongings]
) -> list[tuple[str, str]]:
    """Return the owner and the name of each text in an answer that `reader` must not see."""
    return [
        (theirs.user.username, place)
        for theirs in people
        for place, words in theirs.words.items()
        if words in text and not _may_see(place, theirs.user, path=path, reader=reader)
    ]


def _may_see(place: str, owner: User, *, path: str, reader: User | None) -> bool:
    if reader is not None and reader.pk == owner.pk:
        return PLACES[place] != ""
    # An API key carries no rights of staff, so staff with a key count as readers here.
    is_staff = reader is not None and reader.has_perm("accounts.ban_user")
    if place in PROFILE and path.startswith(PROFILES):
        is_member = reader is not None
        by_visibility = {Visibility.PUBLIC: True, Visibility.MEMBERS: is_member}
        # Members may see an avatar that waits.
        shown = by_visibility.get(Visibility(owner.visibility), False)
        return is_staff or (shown and (is_member or place != "avatar_draft"))
    return is_staff and path.startswith(STAFF_SEES.get(place, ("-",)))


def text_of(content: bytes, headers: Any) -> str:
    """Return the text of an answer: its headers, its body, and the files of a zip."""
    parts = [str(dict(headers)).encode(), content]
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(parts).decode(errors="replace")
