"""Users can be reported; and finding any reported object that a user may see."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.profile.profiles import find_profile
from common.http.errors import Invalid, NotFound
from common.report_subjects import Subject, SubjectKind, subject_kinds

USER = "user"


def visible_subject(kind: str, pk: int, *, viewer: User) -> Subject:
    """Return the object as `viewer` sees it; raises NotFound where they may not see it."""
    if kind not in subject_kinds():
        message = _("“%(value)s” is not possible here.") % {"value": kind[:60]}
        raise Invalid(message, fields={"subject_type": [message]})
    found = subject_kinds()[kind].find(viewer, pk)
    if found is None:
        raise NotFound(_("There is nothing here."))
    return found


def admin_url(kind: str, pk: int) -> str:
    """Return the object's address in the admin; empty for a kind that no app declares any more."""
    found = subject_kinds().get(kind)
    return reverse(found.admin_url_name, args=[pk]) if found else ""


def kind_word(kind: str) -> str:
    """Return the word for a kind of object."""
    found = subject_kinds().get(kind)
    return str(found.word) if found else kind


def _find_user(viewer: User, pk: int) -> Subject | None:
    # `find_profile` also decides whether the viewer may see the profile.
    user = User.objects.filter(pk=pk).first()
    if user is None or find_profile(user.username, viewer=viewer) is None:
        return None
    return Subject(user.username, f"/u/{user.username}", pk)


SUBJECT_KINDS = {
    USER: SubjectKind(gettext_lazy("person"), _find_user, "admin:safety_member_change")
}
