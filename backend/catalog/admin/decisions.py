"""What every admin page does with a story: run it over the chosen rows, tell the outcome."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import User
from common.http.errors import AppError

Row = TypeVar("Row", bound=models.Model)


def current_user(request: HttpRequest) -> User:
    """Return who is logged in; the admin lets nobody else in."""
    return cast(User, request.user)


def decide_each(
    request: HttpRequest,
    rows: Iterable[Row],
    decide: Callable[[Row], object],
    *,
    done: str,
    tell: Callable[[HttpRequest, str, list[Row]], None] | None = None,
) -> int:
    """Call a story for each row and say how many went through and why the others did not.

    `done` is a sentence with %(count)d; `tell` says it, where it has more to say about the rows.
    One that is refused never stops the others.
    """
    decided: list[Row] = []
    refusals: dict[str, int] = {}
    for row in rows:
        try:
            if decide(row) is not False:
                decided.append(row)
        except AppError as error:
            refusals[str(error.message)] = refusals.get(str(error.message), 0) + 1
    if decided:
        sentence = done % {"count": len(decided)}
        if tell is None:
            messages.success(request, sentence)
        else:
            tell(request, sentence, decided)
    for sentence, times in refusals.items():
        messages.warning(request, f"{sentence} ×{times}" if times > 1 else sentence)
    return len(decided)


def ask_reason(
    request: HttpRequest,
    rows: models.QuerySet[Any],
    *,
    action: str,
    title: str,
    button: str,
    context: dict[str, Any],
) -> HttpResponse | None:
    """Show the page between a batch action and its doing; None once a reason was sent."""
    given = request.POST.get("reason", "").strip() or request.POST.get("ready")
    if request.POST.get("confirmed") == "yes" and given:
        return None
    return TemplateResponse(
        request,
        "admin/site/ask_reason.html",
        {
            **context,
            "title": title,
            "button": button,
            "action": action,
            "rows": rows,
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "select_across": request.POST.get("select_across", "0"),
            "is_missing": request.POST.get("confirmed") == "yes",
        },
    )
