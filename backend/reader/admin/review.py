"""The review page shows one upload at a time, oldest first, and the next after each decision.

The page works with plain forms; its script sends the same forms, asks for JSON, and opens the next
page, which it has loaded already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.models import AuditEntry
from catalog.admin.decisions import current_user
from common.http.errors import AppError
from common.http.renderers import plain_number
from reader.admin.reasons import compose_reason, ready_reasons
from reader.admin.uploaders import history_of
from reader.intake.banned_pictures import BannedMatch, find_banned_pictures
from reader.intake.quarantine import page_url
from reader.models import Page, Upload
from reader.publication.duplicates import Twin, find_duplicates
from reader.publication.moderation import BannedNumbers, approve_upload, delete_pages, reject_upload
from reader.publication.undoing import undo_decision
from reader.reading.chapters import held_back, replaced_work
from reader.states import UploadState

HISTORY_SHOWN = 20
# The number of rows on one page of the list, which a batch can decide about.
UNDONE_AT_ONCE = 50
_REASONS_SHOWN = 5


@dataclass(frozen=True)
class ShownPage:
    """A page of an upload, as the strip of pages shows it."""

    page: Page
    url: str
    kind: str
    twins: list[Twin]
    banned: BannedMatch | None


def next_waiting(upload: Upload) -> Upload | None:
    """Return the upload that comes next in the queue; after the last one, the first."""
    waiting = Upload.objects.all().waiting().exclude(pk=upload.pk)
    behind = waiting.filter(
        Q(created_at__gt=upload.created_at) | Q(created_at=upload.created_at, pk__gt=upload.pk)
    )
    return behind.first() or waiting.first()


def review_url(upload: Upload | None) -> str:
    """Return the address of an upload's review page; for None, the queue's."""
    if upload is None:
        return reverse("admin:reader_upload_review_queue")
    return reverse("admin:reader_upload_review", args=[upload.pk])


def open_queue(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Redirect to the upload that waits longest; show a page that says so if none waits."""
    _refuse_unless_moderator(request)
    first = Upload.objects.all().waiting().first()
    if first is not None:
        return HttpResponseRedirect(review_url(first))
    return TemplateResponse(
        request, "admin/reader/review_empty.html", {**context, "title": _("Review")}
    )


def show_review(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    """Show an upload with all that matters for a decision."""
    _refuse_unless_moderator(request)
    upload = get_object_or_404(
        Upload.objects.select_related(
            "chapter__series",
            "chapter__group",
            "chapter__live_upload",
            "chapter__volume",
            "uploader",
            "asked_by",
            "decided_by",
        ),
        pk=pk,
    )
    response = TemplateResponse(
        request, "admin/reader/review.html", {**context, **_review_context(upload)}
    )
    response["Cache-Control"] = "private, no-store"
    return response


def decide_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve an upload, and go on to the next one."""
    upload = _upload(request, pk)
    return _decide(
        request, upload,
        lambda: approve_upload(
            upload, moderator=current_user(request),
            despite_banned_pictures="despite_banned" in request.POST,
            despite_replacing="despite_replacing" in request.POST,
        ),
        _("Approved: %(chapter)s") % {"chapter": upload.chapter},
    )  # fmt: skip


def decide_reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Reject an upload with the reason that was sent, and go on to the next one."""
    upload = _upload(request, pk)
    reason = compose_reason(
        ready=request.POST.get("ready", ""),
        note=request.POST.get("reason", ""),
        uploader=upload.uploader,
    )
    return _decide(
        request, upload,
        lambda: reject_upload(
            upload, moderator=current_user(request), reason=reason, ban=_numbers_to_ban(request)
        ),
        _("Rejected: %(chapter)s") % {"chapter": upload.chapter},
    )  # fmt: skip


def undo_decisions(request: HttpRequest, ids: str) -> HttpResponse:
    """Undo the moderator's decisions of the last seconds, and open the first of their uploads."""
    _refuse_unless_moderator(request)
    found = Upload.objects.select_related("chapter__series").in_bulk(
        [int(pk) for pk in ids.split(",")[:UNDONE_AT_ONCE]]
    )
    undone, refusal = [], None
    for upload in found.values():
        try:
            undo_decision(upload, moderator=current_user(request))
            undone.append(upload)
        except AppError as error:
            refusal = error
    if refusal is not None or not undone:
        sentence = (
            str(refusal.message) if refusal else _("This decision cannot be undone any more.")
        )
        return _answer(request, next(iter(undone), None), sentence, status=409)
    return _answer(request, undone[0], _say_undone(undone))


def _say_undone(uploads: list[Upload]) -> str:
    if len(uploads) == 1:
        return _("Undone: %(chapter)s waits for review again.") % {"chapter": uploads[0].chapter}
    return _("Undone: %(count)d wait for review again.") % {"count": len(uploads)}


def undo_url(uploads: Sequence[Upload]) -> str:
    """Return the address that undoes the decisions about these uploads."""
    ids = ",".join(str(upload.pk) for upload in uploads)
    return reverse("admin:reader_upload_undo", args=[ids])


def decide_delete_pages(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete the chosen pages from an upload, and show it again."""
    upload = _upload(request, pk)
    try:
        count = delete_pages(
            upload, numbers=_chosen_pages(request), moderator=current_user(request)
        )
    except AppError as error:
        return _answer(request, upload, str(error.message), status=error.status)
    return _answer(request, upload, _("Pages deleted: %(count)d") % {"count": count})


def _chosen_pages(request: HttpRequest) -> set[int]:
    return {int(number) for number in request.POST.getlist("page") if number.isdecimal()}


def _numbers_to_ban(request: HttpRequest) -> BannedNumbers:
    """Return the selected pages, None (all) if none is selected, () if the box is not ticked."""
    if "ban" not in request.POST:
        return ()
    return _chosen_pages(request) or None


def _decide(request: HttpRequest, upload: Upload, decide: Any, done: str) -> HttpResponse:
    following = next_waiting(upload)
    try:
        decide()
    except AppError as error:
        is_over = error.code == "already_decided"
        here = following if is_over else upload
        return _answer(request, here, str(error.message), status=error.status)
    return _answer(request, following, done, undo=undo_url([upload]))


def _answer(
    request: HttpRequest,
    upload: Upload | None,
    sentence: str,
    *,
    status: int = 200,
    undo: str = "",
) -> HttpResponse:
    """Redirect to the page of `upload`, or answer the script in JSON.

    The script has loaded the next page already, so the answer also holds the current counts. `undo`
    is the address that undoes the decision, for as long as this is possible.
    """
    if "application/json" in request.headers.get("Accept", ""):
        if upload is None and undo:
            # The script opens the page of the empty queue next, which shows the undo button.
            tell_undoable(request, sentence, undo)
            undo = ""
        after = next_waiting(upload) if upload else None
        body = {
            "next": review_url(upload),
            "after": review_url(after) if after else "",
            "waiting": Upload.objects.all().waiting().count(),
            "message": sentence,
            "undo": undo,
            "undo_seconds": settings.DECISION_UNDO.total_seconds() if undo else 0,
        }
        return JsonResponse(body, status=status)
    if undo:
        tell_undoable(request, sentence, undo)
    else:
        (messages.success if status == 200 else messages.warning)(request, sentence)
    return HttpResponseRedirect(review_url(upload))


def tell_undoable(request: HttpRequest, sentence: str, undo: str) -> None:
    """Show a message about a decision, with a button that undoes it while this is possible."""
    seconds = int(settings.DECISION_UNDO.total_seconds())
    button = format_html(
        '<button class="button undo" form="undo-form" formaction="{}" data-seconds="{}">'
        "{}</button>",
        undo, seconds, _("Undo"),
    )  # fmt: skip
    messages.success(request, format_html("{} {}", sentence, button))


def _refuse_unless_moderator(request: HttpRequest) -> None:
    if not request.user.has_perm("reader.moderate_upload"):
        raise PermissionDenied


def _upload(request: HttpRequest, pk: int) -> Upload:
    _refuse_unless_moderator(request)
    return get_object_or_404(Upload.objects.select_related("chapter__series", "uploader"), pk=pk)


def _review_context(upload: Upload) -> dict[str, Any]:
    pages = list(upload.pages.select_related("file").order_by("number"))
    duplicates = find_duplicates(upload, pages)
    banned = find_banned_pictures(pages)
    following, number = next_waiting(upload), upload.chapter.number
    entries = AuditEntry.objects.filter(subject_type="upload", subject_id=upload.pk)
    return {
        "title": _("Review: %(chapter)s") % {"chapter": upload.chapter},
        "upload": upload,
        "chapter": upload.chapter,
        "series": upload.chapter.series,
        "replaced": replaced_work(upload),
        "number": None if number is None else plain_number(number),
        "pages": [
            ShownPage(
                page, page_url(upload, page), page.content_type.removeprefix("image/"),
                duplicates.twins.get(page.number, []), banned.get(page.number),
            )
            for page in pages
        ],
        "bytes": sum(page.bytes for page in pages),
        "shared_uploads": duplicates.uploads,
        "twin_count": len(duplicates.twins),
        "history": history_of(upload.uploader) if upload.uploader else None,
        "decisions": entries.select_related("actor").order_by("-pk")[:HISTORY_SHOWN],
        "reasons": ready_reasons(upload.uploader),
        "is_waiting": upload.state == UploadState.AWAITING_REVIEW,
        "is_held_back": Upload.objects.filter(held_back(), pk=upload.pk).exists(),
        "banned_count": len(banned),
        "banned_reasons": sorted({match.reason for match in banned.values()})[:_REASONS_SHOWN],
        "next_url": review_url(following) if following else "",
        "is_nav_sidebar_enabled": False,
    }  # fmt: skip
