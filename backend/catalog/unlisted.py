"""Titles that are in no public list: made for somebody's library, from a name that nobody has
matched to a title of the catalogue yet.

Such a title is private to its owner. It is found by search only among what one may see
(`TitleQuerySet.visible_to`), and moderators are not asked about it.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.choices import Kind, Moderation
from catalog.models import Title
from catalog.search_index import reindex_title
from common.http.errors import Invalid
from common.names import fold_text, order_key

_MAX_CHARS = 300


def make_private_title(*, kind: Kind, name: str, owner: User) -> Title:
    """Return the owner's own unlisted title of this kind and name; it is made where there is none.

    It is a part of the caller's story: call it inside `acting(owner)`. Raises Invalid for a name
    that is empty or too long.
    """
    name = " ".join(name.split())
    if not name:
        raise Invalid(_("Give the title a name."))
    if len(name) > _MAX_CHARS:
        raise Invalid(_("A name has at most %(count)d characters.") % {"count": _MAX_CHARS})
    with transaction.atomic():
        # Locked, so that the same request sent twice at once makes one title.
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        # By the index `title_by_name`; its key has the beginning of a long name only.
        own = Title.objects.filter(
            moderation=Moderation.UNLISTED, name_order=order_key(name), kind=kind, created_by=owner
        )
        same = (title for title in own.order_by("pk") if fold_text(title.name) == fold_text(name))
        title = next(same, None)
        if title is None:
            title = Title.objects.create(
                kind=kind, name=name, moderation=Moderation.UNLISTED, created_by=owner
            )
            reindex_title(title.pk)
    return title
