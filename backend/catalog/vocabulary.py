"""Moderators edit and delete categories and tags here; a category in use cannot be deleted."""

from django.utils.translation import ngettext

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Category, Tag, Title
from catalog.permissions import MODERATE
from common.http.errors import AppError
from common.http.shared_cache import invalidate_cached_views


class CategoryInUse(AppError):
    """Titles use the category, so it cannot be deleted."""

    code = "in_use"
    status = 409

    def __init__(self, category: Category, *, titles: int) -> None:
        message = ngettext(
            "“%(name)s” is used by %(count)d title. Take the title out of it first.",
            "“%(name)s” is used by %(count)d titles. Take them out of it first.",
            titles,
        )
        super().__init__(message % {"name": category, "count": titles})


def refuse_category_in_use(category: Category) -> None:
    """Raise CategoryInUse where a title uses the category."""
    titles = Title.objects.filter(categories=category).count()
    if titles:
        raise CategoryInUse(category, titles=titles)


def delete_category(category: Category, *, moderator: User) -> None:
    """Delete a category; raises CategoryInUse where a title uses it."""
    with acting(moderator, permission=MODERATE):
        # Locked: a request that puts a title into it waits, and then finds that it is deleted.
        locked = Category.objects.select_for_update().get(pk=category.pk)
        refuse_category_in_use(locked)
        log_decision(locked, action="delete_category", actor=moderator)
        locked.delete()
        invalidate_cached_views("vocabulary", "titles")


def record_vocabulary_edit(
    word: Category | Tag, *, editor: User, changed: list[str], is_new: bool = False
) -> None:
    """Write the log after a category or tag was saved, and have the lists built anew."""
    if not changed and not is_new:
        return
    with acting(editor):
        kind = "category" if isinstance(word, Category) else "tag"
        log_decision(
            word,
            action=f"create_{kind}" if is_new else f"edit_{kind}",
            actor=editor,
            reason=", ".join(changed),
        )
        invalidate_cached_views("vocabulary", "titles")


def delete_tag(tag: Tag, *, moderator: User) -> None:
    """Delete a tag and take it off all titles that have it."""
    with acting(moderator, permission=MODERATE):
        log_decision(tag, action="delete_tag", actor=moderator)
        tag.delete()
        invalidate_cached_views("vocabulary", "titles")
