"""Titles to watch are entered, changed and taken away by the API.

A moderator's are public at once. Anybody else's is a proposal: it waits for a moderator, and until
then its author sees, changes and withdraws it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.addresses import refuse_unconfirmed
from accounts.auth.authority import acting, confirm_authority, refuse_banned
from accounts.models import User
from catalog.choices import Kind, Moderation
from catalog.cover_drafts import delete_draft_file, drop_draft, keep_draft, store_draft
from catalog.covers import drop_cover, point_at_cover
from catalog.facts import Facts, change_relations, change_title, column_facts
from catalog.known_titles import TitleExists, find_known_titles
from catalog.models import Title
from catalog.moderation import approve_title, delete_title, record_title_edit
from catalog.people import drop_unused_people
from catalog.permissions import MODERATE
from catalog.pictures import check_title_picture, store_picture
from common.files.picture_files import CheckedPicture
from common.files.storages import StorageUnavailable
from common.http.errors import AppError, Forbidden
from common.http.shared_cache import invalidate_cached_views
from common.models import MediaFile

_NO_POSTER = object()


class ProposalQuotaUsedUp(AppError):
    code = "quota"
    status = 429


def create_title(kind: Kind, facts: Facts, *, moderator: User) -> Title:
    """Enter a title and publish it.

    `facts` are those of `catalog.facts`, and `poster`, a picture that becomes its cover. Raises
    Forbidden, Invalid, ImageRejected, BannedImage or StorageUnavailable.
    """
    if not moderator.has_perm(MODERATE):
        raise Forbidden(_("Only moderators may do this."))
    with (
        _poster_of(facts, user=moderator, is_public=True) as poster,
        acting(moderator, permission=MODERATE),
    ):
        title = _insert(kind, facts, author=moderator)
        poster.give_to(title)
        record_title_edit(title, editor=moderator, changed=(), is_new=True)
        approve_title(title, moderator=moderator)
    return title


def propose_title(kind: Kind, facts: Facts, *, author: User, is_another: bool = False) -> Title:
    """Enter a title that waits for a moderator; `is_another` tells it from one of the same name.

    Raises Unconfirmed, Banned, TitleExists, ProposalQuotaUsedUp and what `create_title` raises.
    """
    refuse_proposer(author)
    _refuse_full_queue(author)
    if not is_another:
        existing = find_known_titles(facts, kind=kind, viewer=author)
        if existing:
            raise TitleExists(existing)
    with _poster_of(facts, user=author, is_public=False) as poster, acting(author):
        _refuse_full_queue(author)  # the user is locked: one proposal at a time is counted
        title = _insert(kind, facts, author=author)
        poster.give_to(title)
        record_title_edit(title, editor=author, changed=(), is_new=True)
    return title


def edit_title(title: Title, facts: Facts, *, editor: User) -> None:
    """Change a title: any for moderators, for others their own that waits.

    A `poster` of None removes the cover. Raises what `create_title` raises.
    """
    refuse_editor(title, editor)
    is_moderator = editor.has_perm(MODERATE)
    with _poster_of(facts, user=editor, is_public=is_moderator) as poster, acting(editor):
        locked = Title.objects.select_for_update().get(pk=title.pk)
        refuse_editor(locked, editor)
        changed = change_title(locked, facts)
        if poster.is_given:
            poster.give_to(locked)
            changed.append("cover")
        record_title_edit(locked, editor=editor, changed=changed)


def remove_title(title: Title, *, user: User) -> None:
    """Delete a title as a moderator, or withdraw one's own that waits."""
    refuse_editor(title, user)
    if user.has_perm(MODERATE):
        delete_title(title, moderator=user)
        return
    with acting(user):
        locked = Title.objects.select_for_update().get(pk=title.pk)
        refuse_editor(locked, user)
        people = set(locked.people.values_list("pk", flat=True))
        log_decision(locked, action="withdraw_title", actor=user, from_state=locked.moderation)
        drop_draft(locked)
        locked.delete()
        drop_unused_people(people)
        invalidate_cached_views("titles")


def refuse_proposer(user: User) -> None:
    """Raise Banned or Unconfirmed where the user may not propose titles."""
    refuse_banned(user)
    refuse_unconfirmed(user)


def refuse_editor(title: Title, user: User) -> None:
    """Raise Forbidden where the user may not change this title, which they see."""
    if user.has_perm(MODERATE):
        return
    if title.created_by_id != user.pk or title.moderation != Moderation.PENDING:
        raise Forbidden(_("Only moderators may change this title."))
    refuse_proposer(user)


def _refuse_full_queue(author: User) -> None:
    quota: int | None = settings.QUOTA_PROPOSALS_WAITING
    waiting = Title.objects.filter(created_by=author.pk, moderation=Moderation.PENDING)
    if quota is not None and waiting.count() >= quota:
        raise ProposalQuotaUsedUp(
            _("Too many of your proposals wait for a moderator. Go on when some are decided.")
        )


def _insert(kind: Kind, facts: Facts, *, author: User) -> Title:
    title = Title.objects.create(
        kind=kind, moderation=Moderation.PENDING, created_by=author, **column_facts(facts)
    )
    change_relations(title, facts)
    return title


class _Poster:
    """The picture among the facts, stored; None in it removes the cover."""

    def __init__(self, *, is_given: bool) -> None:
        self.is_given = is_given
        self.checked: CheckedPicture | None = None
        self.original: MediaFile | None = None
        self.draft_name = ""

    def give_to(self, title: Title) -> None:
        """Make it the title's cover, or the one that waits, in the caller's transaction."""
        if self.checked is None:
            if self.is_given:
                drop_draft(title)
                drop_cover(title)
        elif self.original is None:
            keep_draft(title, self.draft_name, self.checked)
        else:
            seen = self.checked.seen
            cover = point_at_cover(
                title, self.original, width=seen.width, height=seen.height, color=seen.color
            )
            if cover is None:  # a sweep took the file away: an hour lies between the two steps
                raise StorageUnavailable


@contextmanager
def _poster_of(facts: Facts, *, user: User, is_public: bool) -> Iterator[_Poster]:
    """Check and store the poster before a transaction begins, and clean up where it fails.

    What is stored publicly and not pointed at is swept.
    """
    picture: Any = facts.get("poster", _NO_POSTER)
    poster = _Poster(is_given=picture is not _NO_POSTER)
    if isinstance(picture, File):
        poster.checked = check_title_picture(picture)
        confirm_authority(user)  # nothing is stored for who has lost it while the body came
        if is_public:
            poster.original = store_picture(poster.checked)
        else:
            poster.draft_name = store_draft(poster.checked)
    try:
        yield poster
    except BaseException:
        if poster.draft_name:
            delete_draft_file(poster.draft_name)
        raise
