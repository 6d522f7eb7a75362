"""Sources in the admin: seen by moderators, switched by admins; their series; blocked groups."""

import pytest

from accounts.models import AuditEntry
from reader.models import Upload
from sources.models import GroupBlock, SourceChapter, SourceFollow, SourceSettings
from tests.cast import make_title
from tests.sources.chapters.conftest import ask, fetch_all

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
SOURCES = "/admin/sources/sourcesettings/"
SHELF = f"{SOURCES}of/shelf/"
FOLLOWS = "/admin/sources/sourcefollow/"
BLOCKS = "/admin/sources/groupblock/"


def decide(browser, act):
    return browser.post(f"{SHELF}decide/", {"act": act}, follow=True).content.decode()


def test_an_admin_switches_a_source_and_moderators_only_see_it(
    chapter_shelf, log_in, admin_aida, moderator_mo, monkeypatch
):
    monkeypatch.setattr(chapter_shelf, "chapter_terms", "Credit <us>.")
    mo, aida = log_in(moderator_mo), log_in(admin_aida)

    assert "The Shelf" in mo.get(SOURCES).content.decode()
    seen = mo.get(SHELF).content.decode()
    assert "Credit &lt;us&gt;." in seen
    assert 'value="chapters-on"' not in seen
    assert mo.post(f"{SHELF}decide/", {"act": "chapters-on"}).status_code == 403
    assert 'value="chapters-on"' in aida.get(SHELF).content.decode()

    for act in ("chapters-on", "trust", "off"):
        assert "aida" in decide(aida, act)

    decided = SourceSettings.objects.get()
    assert (decided.is_enabled, decided.chapters_enabled, decided.is_trusted) == (False, True, True)
    assert decided.decided_by == admin_aida
    assert "somebody else was first" in decide(aida, "off")
    for act in ("on", "chapters-off", "untrust", "clear", "nonsense"):
        decide(aida, act)
    decided.refresh_from_db()
    assert (decided.is_enabled, decided.chapters_enabled, decided.is_trusted) == (
        True, False, False,
    )  # fmt: skip
    actions = AuditEntry.objects.filter(actor=admin_aida).values_list("action", flat=True)
    assert sorted(actions) == [
        "switch_chapters", "switch_chapters", "switch_source", "switch_source", "trust", "untrust",
    ]  # fmt: skip


def test_a_series_from_a_source_is_looked_at_fetched_anew_and_stopped(
    chapter_shelf, log_in, moderator_mo
):
    chapter_shelf.put(1, title="Кар")
    chapter_shelf.put(2, external_url="https://plus.test/2")
    follow = ask(make_title(), moderator_mo)
    fetch_all()
    mo = log_in(moderator_mo)

    assert "The Shelf" in mo.get(FOLLOWS).content.decode()
    page = mo.get(f"{FOLLOWS}{follow.pk}/change/").content.decode()
    assert "It can be read elsewhere only." in page
    assert "https://shelf.test/c1" in page
    left_out = SourceChapter.objects.get(external_id="c2")
    mo.post(f"{FOLLOWS}{follow.pk}/retry/{left_out.pk}/")
    left_out.refresh_from_db()
    assert left_out.state == "waiting"
    review = mo.get(f"/admin/reader/upload/{Upload.objects.get().pk}/review/").content.decode()
    assert 'href="https://shelf.test/c1"' in review
    assert "Snow Leopards" in review
    assert "The Shelf" in mo.get("/admin/reader/upload/").content.decode()

    mo.post(f"{FOLLOWS}{follow.pk}/stop/")

    assert not SourceFollow.objects.exists()


def test_a_group_is_blocked_after_a_look_at_what_it_concerns_and_unblocked(
    chapter_shelf, log_in, moderator_mo
):
    chapter_shelf.put(1)
    ask(make_title(), moderator_mo)
    fetch_all()
    mo = log_in(moderator_mo)
    form = {"source": "shelf", "external_id": "g1", "name": "", "reason": "Their e-mail."}

    assert "errorlist" in mo.post(f"{BLOCKS}add/", {**form, "external_id": ""}).content.decode()
    assert "1 upload of this group" in mo.post(f"{BLOCKS}add/", form).content.decode()
    assert not GroupBlock.objects.exists()
    mo.post(f"{BLOCKS}add/", {**form, "confirmed": "yes"})

    block = GroupBlock.objects.get()
    assert (block.taken_down, block.blocked_by) == (1, moderator_mo)
    assert Upload.objects.get().state == "taken_down"
    assert "Their e-mail." in mo.get(BLOCKS).content.decode()
    mo.post(BLOCKS, {"action": "unblock", "_selected_action": block.pk})
    assert not GroupBlock.objects.exists()
    assert Upload.objects.get().state == "awaiting_review"
