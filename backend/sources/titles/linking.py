"""Makes a title of what a source says, or finds the one that is here already.

A title that is not listed belongs to nobody: it holds what the source says and nothing else, and
all who name its id at the source share it. A moderator can put it into the catalogue.
"""

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import READABLE_KINDS, Moderation
from catalog.facts import change_relations, column_facts
from catalog.models import Title, TitleQuerySet
from catalog.moderation import approve_title, record_title_edit
from catalog.permissions import MODERATE
from catalog.search_index import reindex_title
from common.http.errors import AlreadyDecided, NotFound
from common.http.shared_cache import invalidate_cached_views
from reader.publication.series import approve_series
from sources.contract import FoundTitle
from sources.models import SourceTitle
from sources.titles.covers import ask_for_cover
from sources.titles.facts import facts_of, present_facts, words_of
from sources.titles.matching import COLUMNS, Finding, finding_of, match_findings
from sources.titles.refreshing import free_ids, take_facts

_ATTEMPTS = 5
_IS_SHARED = Q(
    Exists(SourceTitle.objects.filter(title=OuterRef("pk"))),
    moderation=Moderation.UNLISTED, created_by=None,
)  # fmt: skip


def shared_titles() -> TitleQuerySet:
    """Return the unlisted titles that hold what a source says, and that nobody owns."""
    return Title.objects.filter(_IS_SHARED)


def take_title(
    user: User, *, source: str, found: FoundTitle, is_listed: bool
) -> tuple[Title, bool]:
    """Return the title that a source has answered, and True where it is new here.

    With `is_listed` a moderator puts it into the catalogue, approved. Raises Forbidden, NotFound
    where it has been taken out of the catalogue, and as `acting`.
    """
    with acting(user, permission=MODERATE if is_listed else None):
        title, is_new = put_source_title(source, found, user=user)
        if is_listed and title.moderation != Moderation.APPROVED:
            record_title_edit(title, editor=user, changed=(), is_new=is_new)
            approve = approve_series if title.kind in READABLE_KINDS else approve_title
            approve(title, moderator=user)
    return title, is_new


def put_source_title(source: str, found: FoundTitle, *, user: User) -> tuple[Title, bool]:
    """Return the title of a source, made where there is none, and True where it is new.

    It is a part of the caller's story: call it inside `acting(user)`.
    """
    one = finding_of(source, found)
    for _attempt in range(_ATTEMPTS):
        title = _find(one, user=user)
        if title is not None:
            return title, False
        try:
            with transaction.atomic():
                return _make(one), True
        except IntegrityError:  # another request made it, or took one of its ids: found now
            continue
    raise AlreadyDecided(_("It was changed meanwhile. Look at it again."))


def _find(one: Finding, *, user: User) -> Title | None:
    """Return the title that the finding is here, and link the two; raises NotFound."""
    among = Title.objects.all()
    if not user.has_perm(MODERATE):
        among = among.filter(Q(moderation=Moderation.APPROVED) | _IS_SHARED)
    [match], rows = match_findings([one], among=among, columns=(*COLUMNS, "moderation"))
    title_id = match.by_id
    if title_id is None and len(match.alike) == 1:
        row = rows[match.alike[0]]
        is_sure = row["year"] is not None and row["year"] == one.found.year
        if is_sure and row["moderation"] == Moderation.APPROVED:
            title_id = row["id"]
    if title_id is None:
        if SourceTitle.objects.filter(source=one.source, external_id=one.found.id).exists():
            raise NotFound(_("Moderators have taken this title out of the catalogue."))
        return None
    return link_title(Title(pk=title_id), one.source, one.found, editor=user)


def link_title(
    title: Title, source: str, found: FoundTitle, *, editor: User, anew: bool = False
) -> Title:
    """Write down that a title is the one of a source, and fill what it lacks; return it.

    With `anew` one that is linked already is refreshed. Call it inside `acting(editor)`.
    """
    locked = Title.objects.select_for_update().get(pk=title.pk)
    link, is_new = SourceTitle.objects.get_or_create(
        source=source, external_id=found.id, defaults={"title": locked}
    )
    if is_new or (anew and link.title_id == locked.pk):
        take_facts(locked, link, found, editor=editor)
        invalidate_cached_views("titles")
    return locked


def _make(one: Finding) -> Title:
    found = one.found
    facts = facts_of(found)
    said = {name: value for name, value in column_facts(facts).items() if value is not None}
    title = Title.objects.create(
        kind=found.kind, moderation=Moderation.UNLISTED,
        numbers_restart_per_volume=found.numbers_restart_per_volume,
        **said, **free_ids(found, source=one.source),
    )  # fmt: skip
    change_relations(title, {**facts, **words_of(found)})
    SourceTitle.objects.create(
        source=one.source, external_id=found.id, title=title, facts=present_facts(title),
        site_url=facts["site_url"],
    )  # fmt: skip
    reindex_title(title.pk)
    ask_for_cover(title, found.cover_url, source=one.source)
    return title
