"""Helpers of admin pages: they call a story for each chosen row and show the outcome."""

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
    """Return the user of the request; the admin admits no guests."""
    return cast(User, request.user)


def decide_each(
    request: HttpRequest,
    rows: Iterable[Row],
    decide: Callable[[Row], object],
    *,
    done: str,
    tell: Callable[[HttpRequest, str, list[Row]], None] | None = None,
) -> int:
    """Call `decide` for each row, and show how many succeeded and why the others did not.

    `done` is a sentence with %(count)d; `tell`, where given, shows it in place of a plain message.
    An error of one row never stops the others.
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
    """Return the page that asks for a batch action's reason; None once a reason was sent."""
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
