"""Saving in the admin while somebody else writes the same row: both changes stay."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from catalog.admin.titles import TitleForm
from catalog.models import Alias, Title
from catalog.moderation import reject_title
from common.typed_admin import ModelAdmin, UserAdmin
from reader.models import Group, Volume
from tests.admin.test_titles import ALIASES, SERIES, form_of
from tests.at_once import run_at_once
from tests.cast import make_title

OURS = ("accounts", "catalog", "reader", "safety", "sources", "tracker")
saves_at_once = pytest.mark.django_db(transaction=True)


@pytest.fixture
def meanwhile(monkeypatch):
    """Return what lets somebody act between the reading of a form's row and its saving.

    On PostgreSQL they commit in a session of their own. On SQLite a page that saves holds the
    only write lock from its beginning: they act on its connection, and are undone with it.
    """

    def arrange(form_class: type, act: Callable[[], Any]) -> None:
        checked = form_class.full_clean
        acts = [act]

        def full_clean(form: Any) -> None:
            checked(form)
            if acts:
                act = acts.pop()
                [outcome] = run_at_once(act) if connection.vendor == "postgresql" else [act()]
                assert not isinstance(outcome, Exception), outcome

        monkeypatch.setattr(form_class, "full_clean", full_clean)

    return arrange


@saves_at_once
def test_a_rejection_during_a_save_stays_one(log_in, moderator_mo, moderator_max, meanwhile):
    series = make_title("Yurt")
    meanwhile(
        TitleForm,
        lambda: reject_title(
            Title.objects.get(pk=series.pk), moderator=moderator_max, reason="Stolen."
        ),
    )

    log_in(moderator_mo).post(f"{SERIES}{series.pk}/change/", form_of(series, name="Felt"))

    series.refresh_from_db()
    assert (series.name, series.moderation) == ("Felt", "rejected")
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert sorted(actions) == ["edit_title", "reject_title"]


@saves_at_once
def test_counters_that_change_during_a_save_stay(log_in, moderator_mo, meanwhile):
    series = make_title("Yurt")
    meanwhile(
        TitleForm,
        lambda: Title.objects.filter(pk=series.pk).update(
            chapter_count=7, popularity=70, rating_average="8.50"
        ),
    )

    log_in(moderator_mo).post(f"{SERIES}{series.pk}/change/", form_of(series, name="Felt"))

    series.refresh_from_db()
    assert series.name == "Felt"
    assert (series.chapter_count, series.popularity) == (7, 70)
    assert str(series.rating_average) == "8.50"


@saves_at_once
def test_a_row_of_an_inline_is_saved_by_its_changed_columns(log_in, moderator_mo, meanwhile):
    series = make_title("Yurt")
    alias = Alias.objects.create(subject=series, name="Boz uy", language="ky")
    rows = {
        f"{ALIASES}-TOTAL_FORMS": "1", f"{ALIASES}-INITIAL_FORMS": "1",
        f"{ALIASES}-0-id": str(alias.pk), f"{ALIASES}-0-name": "Kiyiz uy",
        f"{ALIASES}-0-language": "ky",
    }  # fmt: skip
    meanwhile(TitleForm, lambda: None)
    page = admin.site._registry[Title].inlines[0]
    form_class = page(Title, admin.site).form
    meanwhile(form_class, lambda: Alias.objects.filter(pk=alias.pk).update(language="kir"))

    log_in(moderator_mo).post(f"{SERIES}{series.pk}/change/", form_of(series, **rows))

    alias.refresh_from_db()
    assert (alias.name, alias.language) == ("Kiyiz uy", "kir")


@saves_at_once
def test_what_somebody_deleted_during_a_save_does_not_come_back(log_in, moderator_mo, meanwhile):
    series = make_title("Yurt")
    meanwhile(TitleForm, lambda: Title.objects.filter(pk=series.pk).delete())

    answer = log_in(moderator_mo).post(
        f"{SERIES}{series.pk}/change/", form_of(series, name="Felt"), follow=True
    )

    assert any("faster" in str(message) for message in answer.context["messages"])
    assert not Title.objects.filter(name="Felt").exists()


@saves_at_once
def test_a_number_that_somebody_took_during_a_save_is_told(log_in, moderator_mo, meanwhile):
    series = make_title("Yurt")
    page = admin.site._registry[Volume]
    meanwhile(page.form, lambda: Volume.objects.create(series=series, number=1, title="First"))

    answer = log_in(moderator_mo).post(
        "/admin/reader/volume/add/", {"series": series.pk, "number": "1", "title": ""}, follow=True
    )

    assert any("faster" in str(message) for message in answer.context["messages"])
    assert not Volume.objects.filter(title="").exists()


@pytest.mark.django_db
def test_what_nobody_changed_is_not_written(log_in, moderator_mo):
    group = Group.objects.create(name="Tulpar", slug="tulpar")
    form = {"name": "Tulpar", "slug": "tulpar"}

    with CaptureQueriesContext(connection) as queries:
        log_in(moderator_mo).post(f"/admin/reader/group/{group.pk}/change/", form)

    assert not [query for query in queries if 'UPDATE "reader_group"' in query["sql"]]
    assert not AuditEntry.objects.exists()


def test_every_page_of_ours_saves_by_the_changed_columns():
    pages = {
        model._meta.label: page
        for model, page in admin.site._registry.items()
        if type(page).__module__.partition(".")[0] in OURS
    }

    others = [
        label for label, page in pages.items() if not isinstance(page, ModelAdmin | UserAdmin)
    ]
    of_django = [type(page) for page in admin.site._registry.values() if page not in pages.values()]

    assert len(pages) > 15
    assert others == []
    assert of_django == []
