"""The moderator's list of people and the page of one, with every act on them."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Strike, User
from accounts.profile.avatars import avatar_name
from accounts.roles.bans import ban_user
from accounts.roles.uploader_requests import set_trusted
from safety.models import Case, MassDeletion, ModeratorWarning, Reason
from safety.reports import report_content
from safety.warnings import warn_user
from tests.cast import client_of, give_avatar, make_title, make_upload, make_upload_row, make_user

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = "/admin/safety/member/"


def page_of(who) -> str:
    return f"{PEOPLE}{who.pk}/change/"


def act_on(who, name: str, query: str = "") -> str:
    return f"{PEOPLE}{who.pk}/{name}/{query}"


def words(**more: object) -> dict[str, object]:
    return {"reason": "Spam.", "form_key": str(uuid.uuid4()), **more}


def test_a_moderator_bans_and_lifts(log_in, moderator_mo, uploader_uli):
    browser, api = log_in(moderator_mo), client_of(uploader_uli)

    asked = browser.post(act_on(uploader_uli, "ban"), words(reason=""))
    done = browser.post(act_on(uploader_uli, "ban"), words())
    while_banned = api.get("/api/uploads").status_code
    page = browser.get(page_of(uploader_uli)).content.decode()
    unasked = browser.post(act_on(uploader_uli, "lift"), words(reason=" "))
    is_still_banned = User.objects.get(pk=uploader_uli.pk).is_banned
    browser.post(act_on(uploader_uli, "lift"), words(reason="A mistake."))

    assert "reason" in asked.context["form"].errors
    assert ("reason" in unasked.context["form"].errors, is_still_banned) == (True, True)
    assert done["Location"] == page_of(uploader_uli)
    assert while_banned == 403
    assert "Spam." in page
    uploader_uli.refresh_from_db()
    assert not uploader_uli.is_banned
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "reason")) == [
        ("ban", "Spam."), ("lift_ban", "A mistake."),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["warn", "strike", "ban", "lift", "delete-uploads"])
def test_a_moderator_cannot_act_on_an_admin(name, log_in, moderator_mo, admin_aida):
    make_upload_row(uploader=admin_aida, series=make_title())

    answer = log_in(moderator_mo).post(act_on(admin_aida, name), words(reason="A coup."))

    assert "You may not do this to this person." in answer.content.decode()
    assert "A coup." in answer.content.decode()  # what was typed stays
    assert not AuditEntry.objects.exists()


def test_an_end_of_a_ban_lies_ahead(log_in, moderator_mo, uploader_uli):
    answer = log_in(moderator_mo).post(
        act_on(uploader_uli, "ban"), words(until_0="2001-01-01", until_1="10:00")
    )

    assert list(answer.context["form"].errors) == ["until"]


def ban_for_a_day(who, moderator) -> None:
    until = timezone.now() + timedelta(days=1)
    ban_user(who, moderator=moderator, reason="Calm down.", until=until)


def test_a_ban_with_an_end_can_be_made_longer(log_in, moderator_mo, uploader_uli):
    browser = log_in(moderator_mo)
    ban_for_a_day(uploader_uli, moderator_mo)

    offered = browser.get(page_of(uploader_uli)).content.decode()
    asked = browser.get(act_on(uploader_uli, "ban")).content.decode()
    shorter = timezone.now() + timedelta(hours=1)
    refused = browser.post(
        act_on(uploader_uli, "ban"),
        words(until_0=f"{shorter:%Y-%m-%d}", until_1=f"{shorter:%H:%M}"),
    )
    browser.post(act_on(uploader_uli, "ban"), words(reason="Threats."))

    assert "Make the ban longer…" in offered
    assert "Calm down." in asked
    assert "for as long or longer" in refused.content.decode()
    uploader_uli.refresh_from_db()
    assert (uploader_uli.banned_until, uploader_uli.ban_reason) == (None, "Threats.")
    page = browser.get(page_of(uploader_uli)).content.decode()
    assert ('id="ban"' in page, 'id="lift-ban"' in page) == (False, True)


def test_a_case_offers_what_can_be_done_about_a_ban(
    log_in, moderator_mo, uploader_uli, reader_rina
):
    case = report_content("user", uploader_uli.pk, reporter=reader_rina, reason=Reason.SPAM)[0].case
    browser = log_in(moderator_mo)

    def page() -> str:
        return str(browser.get(f"/admin/safety/case/{case.pk}/change/").content.decode())

    free = page()
    ban_for_a_day(uploader_uli, moderator_mo)
    for_a_day = page()
    ban_user(uploader_uli, moderator=moderator_mo, reason="Threats.")

    assert ["Ban…" in text for text in (free, for_a_day, page())] == [True, False, False]
    assert ["Make the ban longer…" in text for text in (free, for_a_day, page())] == [
        False, True, False,
    ]  # fmt: skip


def test_a_strike_says_that_it_banned_only_where_it_did(
    log_in, moderator_mo, uploader_uli, settings
):
    settings.STRIKES_TO_BAN = 2
    ban_for_a_day(uploader_uli, moderator_mo)
    browser = log_in(moderator_mo)

    first, second, third = (
        browser.post(act_on(uploader_uli, "strike"), words(), follow=True).content.decode()
        for _time in range(3)
    )

    assert ["is banned by it" in page for page in (first, second, third)] == [False, True, False]
    uploader_uli.refresh_from_db()
    assert uploader_uli.banned_until is None


def test_a_warning_and_a_strike_from_the_page(log_in, moderator_mo, uploader_uli):
    browser, form = log_in(moderator_mo), words(reason="Credit the translators.")

    browser.post(act_on(uploader_uli, "warn"), form)
    again = browser.post(act_on(uploader_uli, "warn"), form)
    browser.post(act_on(uploader_uli, "strike"), words(reason="Insults."))

    assert "has been sent already" in again.content.decode()
    assert (ModeratorWarning.objects.get().text, Strike.objects.get().reason) == (
        "Credit the translators.", "Insults.",
    )  # fmt: skip
    page = browser.get(page_of(uploader_uli)).content.decode()
    assert "Credit the translators." in page
    assert "Insults." in page


def test_a_ban_can_take_the_uploads_along_and_both_can_be_undone(
    log_in, moderator_mo, uploader_uli
):
    upload = make_upload(uploader=uploader_uli, state="live")
    browser = log_in(moderator_mo)

    browser.post(act_on(uploader_uli, "ban"), words(delete_uploads="on"))

    upload.refresh_from_db()
    uploader_uli.refresh_from_db()
    assert (upload.state, uploader_uli.is_banned) == ("deleted", True)
    deletion = MassDeletion.objects.get()
    assert f'data-undo="{deletion.pk}"' in browser.get(page_of(uploader_uli)).content.decode()
    browser.post(f"/admin/safety/massdeletion/{deletion.pk}/undo/")
    upload.refresh_from_db()
    assert upload.state == "publishing"
    assert "data-undo" not in browser.get(page_of(uploader_uli)).content.decode()


def test_a_ban_needs_no_uploads_to_delete(log_in, moderator_mo, reader_rina):
    log_in(moderator_mo).post(act_on(reader_rina, "ban"), words(delete_uploads="on"))

    reader_rina.refresh_from_db()
    assert (reader_rina.is_banned, MassDeletion.objects.count()) == (True, 0)


def test_all_uploads_go_with_a_reason_and_if_wanted_a_ban(log_in, moderator_mo, uploader_uli):
    make_upload_row(uploader=uploader_uli, series=make_title())
    browser = log_in(moderator_mo)

    without = browser.post(act_on(uploader_uli, "delete-uploads"), words(reason=" "))
    browser.post(act_on(uploader_uli, "delete-uploads"), words(ban="on"))

    assert "reason" in without.context["form"].errors
    uploader_uli.refresh_from_db()
    assert (MassDeletion.objects.get().reason, uploader_uli.is_banned) == ("Spam.", True)


def test_a_ban_for_good_with_all_uploads_replaces_a_short_one(log_in, moderator_mo, uploader_uli):
    make_upload_row(uploader=uploader_uli, series=make_title())
    ban_for_a_day(uploader_uli, moderator_mo)

    log_in(moderator_mo).post(act_on(uploader_uli, "delete-uploads"), words(ban="on"))

    uploader_uli.refresh_from_db()
    assert (uploader_uli.banned_until, uploader_uli.ban_reason) == (None, "Spam.")


def test_uploads_of_one_who_is_banned_for_good_are_deleted_all_the_same(
    log_in, moderator_mo, uploader_uli
):
    make_upload_row(uploader=uploader_uli, series=make_title())
    ban_user(uploader_uli, moderator=moderator_mo, reason="Threats.")

    log_in(moderator_mo).post(act_on(uploader_uli, "delete-uploads"), words(ban="on"))

    uploader_uli.refresh_from_db()
    assert (MassDeletion.objects.count(), uploader_uli.ban_reason) == (1, "Threats.")


def test_an_uploader_is_trusted_and_no_longer(log_in, moderator_mo, uploader_uli):
    browser = log_in(moderator_mo)

    browser.post(act_on(uploader_uli, "trust"))
    trusted = set(uploader_uli.groups.values_list("name", flat=True))
    browser.post(act_on(uploader_uli, "untrust"))

    assert "trusted" in trusted
    assert "trusted" not in set(uploader_uli.groups.values_list("name", flat=True))


def test_from_a_case_to_the_act_and_back_to_the_next_case(
    log_in, moderator_mo, uploader_uli, reader_rina
):
    first, second = (
        report_content("title", make_title(name).pk, reporter=reader_rina, reason=Reason.SPAM)[
            0
        ].case
        for name in ("First", "Second")
    )
    Case.objects.update(accused=uploader_uli)
    browser = log_in(moderator_mo)

    case_page = browser.get(f"/admin/safety/case/{first.pk}/change/").content.decode()
    link = act_on(uploader_uli, "ban", f"?case={first.pk}")
    answer = browser.post(link, words(close_case="on", answer="Banned."))

    assert link in case_page
    assert answer["Location"] == f"/admin/safety/case/{second.pk}/change/"
    first.refresh_from_db()
    uploader_uli.refresh_from_db()
    assert (first.state, first.answer, uploader_uli.is_banned) == ("acted", "Banned.", True)


def test_a_case_stays_open_where_that_is_wanted(log_in, moderator_mo, uploader_uli, reader_rina):
    case = report_content("user", uploader_uli.pk, reporter=reader_rina, reason=Reason.SPAM)[0].case

    answer = log_in(moderator_mo).post(act_on(uploader_uli, "warn", f"?case={case.pk}"), words())

    assert answer["Location"] == f"/admin/safety/case/{case.pk}/change/"
    case.refresh_from_db()
    assert case.state == "open"


def test_the_list_finds_people_by_role_and_standing(
    log_in, moderator_mo, uploader_uli, reader_rina, admin_aida
):
    make_user("nina", confirmed=False)
    uploader_uli.date_joined = timezone.now() - timedelta(days=30)
    uploader_uli.save(update_fields=["date_joined"])
    uploader_uli.strikes.create(code="symlink", subject="upload:0")
    report_content("user", reader_rina.pk, reporter=admin_aida, reason=Reason.SPAM)
    browser = log_in(moderator_mo)
    browser.post(act_on(reader_rina, "ban"), words())

    def found(query: str) -> set[str]:
        return {str(who) for who in browser.get(f"{PEOPLE}?{query}").context["cl"].queryset}

    assert found("role=uploader") == found("standing=struck") == {"uli"}
    assert found("standing=banned") == found("standing=reported") == {"rina"}
    assert found("standing=unconfirmed") == {"nina"}
    assert "uli" not in found("standing=new")
    assert found("q=ul") == {"uli"}


def fill(who, moderator, reporter, number: int) -> None:
    series = make_title(f"Series {number}")
    for state in ("live", "rejected", "failed"):
        make_upload_row(uploader=who, series=series, state=state, pages=1)
    who.strikes.create(code="symlink", subject=f"upload:x{number}")
    warn_user(who, moderator=moderator, text=f"Warning {number}")
    report_content("title", series.pk, reporter=reporter, reason=Reason.SPAM)
    report_content("title", series.pk, reporter=who, reason=Reason.OTHER)
    Case.objects.update(accused=who)


@pytest.mark.parametrize("path", ["list", "page"])
def test_a_page_takes_as_many_queries_for_much_as_for_little(
    path, log_in, moderator_mo, uploader_uli, reader_rina
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = log_in(moderator_mo)
    address = PEOPLE if path == "list" else page_of(uploader_uli)
    fill(uploader_uli, moderator_mo, reader_rina, 0)
    browser.get(address)
    with CaptureQueriesContext(connection) as before:
        browser.get(address)
    for number in range(1, 6):
        fill(uploader_uli, moderator_mo, reader_rina, number)
        make_user(f"more{number}")

    with CaptureQueriesContext(connection) as after:
        page = browser.get(address)

    assert page.status_code == 200
    assert len(after) == len(before)


def test_the_page_shows_no_address_of_the_person(log_in, moderator_mo, uploader_uli):
    page = log_in(moderator_mo).get(page_of(uploader_uli)).content.decode()

    assert "…@example.test" in page
    assert "uli@example.test" not in page


def test_an_uploader_who_is_trusted_can_be_seen_to_be(log_in, moderator_mo, uploader_uli):
    set_trusted(uploader_uli, moderator=moderator_mo)

    assert 'id="untrust"' in log_in(moderator_mo).get(page_of(uploader_uli)).content.decode()


def test_a_picture_that_waits_is_shown_or_taken_away(log_in, moderator_mo, reader_rina):
    give_avatar(reader_rina)
    browser = log_in(moderator_mo)

    page = browser.get(page_of(reader_rina)).content.decode()
    stale = browser.post(act_on(reader_rina, "show-avatar"), {"seen": "avatars/other"}, follow=True)
    browser.post(act_on(reader_rina, "show-avatar"), {"seen": reader_rina.avatar_draft})
    reader_rina.refresh_from_db()
    is_shown = reader_rina.avatar is not None
    form = {"seen": avatar_name(reader_rina), "reason": "Not yours."}
    browser.post(act_on(reader_rina, "drop-avatar"), form)

    assert 'id="show-avatar"' in page
    assert "has changed meanwhile" in stale.content.decode()
    reader_rina.refresh_from_db()
    assert (is_shown, reader_rina.avatar) == (True, None)
