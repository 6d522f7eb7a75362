"""The queue of what was reported, and the page of a case."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.profile.account_deletion import delete_account
from common.http.errors import Forbidden
from reader.models import BannedPicture, Upload
from safety.models import Case, CaseState, Reason
from safety.reports import decide_case, report_content
from safety.warnings import warn_user
from tests.cast import PASSWORD, make_title, make_upload, make_upload_row, make_user, shown

pytestmark = pytest.mark.django_db(transaction=True)

CASES = "/admin/safety/case/"


def report(thing: str, pk: int, who, reason: Reason = Reason.SPAM, text: str = "") -> Case:
    return report_content(thing, pk, reporter=who, reason=reason, text=text)[0].case


@pytest.fixture
def cases(reader_rina):
    """Two of spam and between them one that cannot wait."""
    reasons = (Reason.SPAM, Reason.SEXUAL_MINOR, Reason.BAD_QUALITY)
    return [
        report("title", make_title(f"Title {number}").pk, reader_rina, reason)
        for number, reason in enumerate(reasons)
    ]


def page_of(case: Case) -> str:
    return f"{CASES}{case.pk}/change/"


def test_what_is_severe_comes_first(cases, log_in, moderator_mo):
    browser = log_in(moderator_mo)

    listed = list(browser.get(CASES).context["cl"].queryset)
    queue = browser.get(f"{CASES}queue/")

    assert listed == [cases[1], cases[0], cases[2]]
    assert queue["Location"] == page_of(cases[1])


def test_the_list_shows_open_ones_unless_others_are_asked_for(cases, log_in, moderator_mo):
    decide_case(cases[0], moderator=moderator_mo, outcome=CaseState.DISMISSED)
    browser = log_in(moderator_mo)

    def found(query: str) -> set[int]:
        return {case.pk for case in browser.get(f"{CASES}?{query}").context["cl"].queryset}

    assert found("") == {cases[1].pk, cases[2].pk}
    assert found("state=dismissed") == {cases[0].pk}
    assert len(found("state=all")) == 3
    assert found("kind=chapter") == set()


def test_the_badge_and_the_front_page_count_open_cases(cases, log_in, moderator_mo):
    page = log_in(moderator_mo).get("/admin/").content.decode()

    assert 'data-cases="3"' in page
    assert "things were reported" in page


def test_a_dismissal_answers_and_goes_on(cases, log_in, moderator_mo):
    answer = log_in(moderator_mo).post(
        f"{CASES}{cases[1].pk}/dismiss/", {"answer": "They are adults."}
    )

    cases[1].refresh_from_db()
    assert (cases[1].state, cases[1].answer) == ("dismissed", "They are adults.")
    assert answer["Location"] == page_of(cases[0])


def test_the_last_one_leads_to_the_list(reader_rina, log_in, moderator_mo):
    case = report("title", make_title().pk, reader_rina)

    answer = log_in(moderator_mo).post(f"{CASES}{case.pk}/acted/")

    assert answer["Location"] == CASES


def test_a_chapter_is_taken_down_from_its_case(reader_rina, uploader_uli, log_in, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="live")
    case = report("page", upload.pages.first().pk, reader_rina, Reason.ILLEGAL)
    browser = log_in(moderator_mo)

    page = browser.get(page_of(case)).content.decode()
    without = browser.post(f"{CASES}{case.pk}/take-down/", {"reason": " "})
    still = Case.objects.get(pk=case.pk).state
    browser.post(f"{CASES}{case.pk}/take-down/", {"reason": "Illegal.", "answer": "Gone."})

    assert 'id="take-down"' in page
    assert "<img" in page
    assert (without["Location"], still) == (page_of(case), "open")
    upload.refresh_from_db()
    case.refresh_from_db()
    assert (upload.state, upload.reason) == ("taken_down", "Illegal.")
    assert (case.state, case.answer) == ("acted", "Gone.")
    assert not BannedPicture.objects.exists()


@pytest.mark.parametrize("thing", ["chapter", "page"])
def test_its_pictures_are_banned_with_it_where_one_asks_to(
    thing, reader_rina, uploader_uli, log_in, moderator_mo
):
    upload = make_upload(uploader=uploader_uli, state="live")
    ids = {"chapter": upload.chapter_id, "page": upload.pages.get(number=2).pk}
    case = report(thing, ids[thing], reader_rina, Reason.ILLEGAL)
    words = {"reason": "Illegal.", "ban": "1"}

    log_in(moderator_mo).post(f"{CASES}{case.pk}/take-down/", words)

    upload.refresh_from_db()
    pictures = BannedPicture.objects.order_by("page_number")
    banned = list(pictures.values_list("page_number", flat=True))
    assert upload.state == "taken_down"
    assert banned == {"chapter": [1, 2, 3], "page": [2]}[thing]


def test_what_was_reported_and_replaced_is_told_and_the_new_upload_left_alone(
    reader_rina, uploader_uli, outsider_otto, log_in, moderator_mo
):
    series = make_title()
    old = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    of_old = report("chapter", old.chapter_id, reader_rina)
    new = make_upload(uploader=outsider_otto, series=series, state="live", number=None)
    of_new = report("chapter", old.chapter_id, reader_rina)
    browser = log_in(moderator_mo)

    pages = [browser.get(page_of(case)).content.decode() for case in (of_old, of_new)]
    answer = browser.post(f"{CASES}{of_old.pk}/take-down/", {"reason": "Illegal."})

    assert ['id="take-down"' in page for page in pages] == ["<img" in page for page in pages]
    assert ["has been replaced" in page for page in pages] == [True, False]
    assert ['id="take-down"' in page for page in pages] == [False, True]
    new.refresh_from_db()
    assert (new.state, answer["Location"]) == ("live", page_of(of_old))


def test_an_accused_uploader_who_sends_the_chapter_anew_is_still_accused(
    reader_rina, uploader_uli, log_in, moderator_mo
):
    series = make_title()
    old = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    case = report("chapter", old.chapter_id, reader_rina)
    new = make_upload(uploader=uploader_uli, series=series, state="live", number=None)

    log_in(moderator_mo).post(f"{CASES}{case.pk}/take-down/", {"reason": "Illegal."})

    new.refresh_from_db()
    assert new.state == "taken_down"


def test_a_moderator_is_not_led_to_a_case_about_themselves(
    reader_rina, uploader_uli, log_in, moderator_max
):
    upload = make_upload_row(uploader=uploader_uli, series=make_title())
    of_uli = report("chapter", upload.chapter_id, reader_rina)
    Upload.objects.update(uploader=moderator_max)
    of_max = report("chapter", upload.chapter_id, reader_rina)

    page = log_in(moderator_max).get(page_of(of_uli)).content.decode()

    assert page_of(of_max) not in page


def test_a_title_is_rejected_with_its_chapters(reader_rina, uploader_uli, log_in, moderator_mo):
    series = make_title()
    make_upload_row(uploader=uploader_uli, series=series)
    case = report("title", series.pk, reader_rina)

    log_in(moderator_mo).post(f"{CASES}{case.pk}/reject-title/", {"reason": "Stolen."})

    series.refresh_from_db()
    assert (series.moderation, series.chapter_count) == ("rejected", 0)
    assert Case.objects.get().state == "acted"


def test_what_is_gone_is_said_to_be_gone_and_can_be_decided(reader_rina, log_in, moderator_mo):
    title = make_title("Lost")
    case = report("title", title.pk, reader_rina)
    title.delete()
    browser = log_in(moderator_mo)

    page = browser.get(page_of(case)).content.decode()
    nothing = browser.post(f"{CASES}{case.pk}/reject-title/", {"reason": "x"})
    browser.post(f"{CASES}{case.pk}/dismiss/")

    assert "It is gone by now." in page
    assert nothing["Location"] == page_of(case)
    assert Case.objects.get().state == "dismissed"


def test_a_case_about_somebody_who_left_has_a_name_everywhere(
    reader_rina, uploader_uli, log_in, moderator_mo
):
    case = report("user", uploader_uli.pk, reader_rina)
    delete_account(uploader_uli, password=PASSWORD)
    browser = log_in(moderator_mo)

    addresses = (CASES, page_of(case), f"/admin/safety/member/{reader_rina.pk}/change/")
    listed, page, reporter = (browser.get(address).content.decode() for address in addresses)
    done = browser.post(f"{CASES}{case.pk}/dismiss/", follow=True).content.decode()

    assert f'data-case-id="{case.pk}">somebody who left<' in listed
    assert "<h1>somebody who left</h1>" in page
    assert "<title>somebody who left" in page
    assert ">somebody who left</a>" in reporter
    assert "Dismissed: somebody who left" in done


def test_a_long_record_of_the_accused_is_counted_without_multiplying(
    reader_rina, uploader_uli, log_in, moderator_mo
):
    case = report("user", uploader_uli.pk, reader_rina)
    for number in range(3):
        uploader_uli.strikes.create(code="symlink", subject=f"upload:{number}")
    for text in ("One.", "Two."):
        warn_user(uploader_uli, moderator=moderator_mo, text=text)

    with CaptureQueriesContext(connection) as queries:
        page = log_in(moderator_mo).get(page_of(case))

    record = {row["word"]: row["count"] for row in page.context["record"]}
    assert record == {"strikes": 3, "warnings": 2, "cases": 1}
    together = [
        query["sql"] for query in queries
        if "accounts_strike" in query["sql"] and "safety_moderatorwarning" in query["sql"]
    ]  # fmt: skip
    assert together == []  # three joins would count each strike once for every warning and case


def test_two_moderators_at_one_case(cases, log_in, moderator_mo, moderator_max):
    decide_case(cases[0], moderator=moderator_max, outcome=CaseState.ACTED, answer="First.")

    answer = log_in(moderator_mo).post(f"{CASES}{cases[0].pk}/dismiss/", follow=True)

    assert "Somebody else was first" in answer.content.decode()
    cases[0].refresh_from_db()
    assert (cases[0].state, cases[0].answer) == ("acted", "First.")


def test_the_page_tells_what_was_said_and_what_came_before(reader_rina, log_in, moderator_mo):
    title = make_title()
    earlier = report("title", title.pk, reader_rina)
    decide_case(earlier, moderator=moderator_mo, outcome=CaseState.DISMISSED, answer="No ads.")
    case = report("title", title.pk, make_user("otto"), text="<b>Ads</b> on page 3")

    page = log_in(moderator_mo).get(page_of(case)).content.decode()

    assert "&lt;b&gt;Ads&lt;/b&gt; on page 3" in page
    assert "No ads." in page


@pytest.mark.parametrize("thing", ["title", "chapter", "page", "user"])
def test_every_kind_has_a_page_and_many_reports_no_more_queries(
    thing, reader_rina, uploader_uli, log_in, moderator_mo
):
    upload = make_upload(uploader=uploader_uli, state="live")
    ids = {
        "title": upload.chapter.series_id, "chapter": upload.chapter_id,
        "page": upload.pages.first().pk, "user": uploader_uli.pk,
    }  # fmt: skip
    case = report(thing, ids[thing], reader_rina)
    browser = log_in(moderator_mo)
    browser.get(page_of(case))
    with CaptureQueriesContext(connection) as before:
        browser.get(page_of(case))
    for number in range(5):
        report(thing, ids[thing], make_user(f"more{number}"))

    with CaptureQueriesContext(connection) as after:
        page = browser.get(page_of(case))

    assert page.status_code == 200
    assert len(after) == len(before)


def test_a_decision_needs_the_forms_token(cases, moderator_mo):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(moderator_mo)

    answer = browser.post(f"{CASES}{cases[0].pk}/dismiss/")

    assert answer.status_code == 403
    cases[0].refresh_from_db()
    assert cases[0].state == "open"


def test_nobody_judges_what_is_said_about_them(reader_rina, log_in, moderator_mo, moderator_max):
    case = report("user", moderator_mo.pk, reader_rina, text="Sells approvals.")
    browser = log_in(moderator_mo)

    pages = [
        browser.get(path) for path in (CASES, f"/admin/safety/member/{reader_rina.pk}/change/")
    ]
    strange = browser.get(page_of(case))
    decided = browser.post(f"{CASES}{case.pk}/dismiss/")

    assert (strange.status_code, decided.status_code) == (302, 404)
    assert all(f"/case/{case.pk}/" not in page.content.decode() for page in pages)
    assert 'data-cases="0"' in pages[0].content.decode()
    with pytest.raises(Forbidden):
        decide_case(case, moderator=moderator_mo, outcome=CaseState.DISMISSED)
    decide_case(case, moderator=moderator_max, outcome=CaseState.ACTED)


def test_an_admin_who_is_reported_does_not_see_by_whom(reader_rina, log_in, admin_aida):
    case = report("user", admin_aida.pk, reader_rina, text="Absent for months.")

    page = shown(log_in(admin_aida).get(page_of(case)))

    assert "Absent for months." in page
    assert "rina" not in page
