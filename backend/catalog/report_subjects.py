"""Titles can be reported."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Title
from common.report_subjects import Subject, SubjectKind

TITLE = "title"


def _find_title(viewer: User, pk: int) -> Subject | None:
    title = Title.objects.visible_to(viewer).select_related("created_by").filter(pk=pk).first()
    if title is None:
        return None
    maker = title.created_by
    # Moderators enter titles for the site: such titles belong to no user.
    is_own = maker is not None and not maker.has_perm("catalog.moderate_title")
    return Subject(title.name, f"/series/{title.path_slug}", maker.pk if maker and is_own else None)


SUBJECT_KINDS = {TITLE: SubjectKind(_("title"), _find_title, "admin:catalog_title_change")}
