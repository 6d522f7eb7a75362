"""Reports gather into cases, and who reported is told what became of it."""

from base64 import b64encode
from urllib.parse import urlencode

import pytest
from django.utils import timezone, translation

from accounts.emails import KINDS
from accounts.models import AuditEntry, OutgoingEmail
from accounts.roles.bans import ban_user
from catalog.choices import Moderation
from common.http.errors import AlreadyDecided, AppError, Forbidden, NotFound
from common.report_subjects import Subject, SubjectKind, subject_kinds
from reader.models import Upload
from reader.publication.moderation import delete_upload
from safety.models import Case, CaseState, Reason, Report
from safety.report_subjects import admin_url
from safety.reports import decide_case, report_content
from tests.cast import client_of, make_title, make_upload, make_upload_row, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def chapter(uploader_uli):
    return make_upload_row(uploader=uploader_uli, series=make_title()).chapter


def report(thing: str, pk: int, who, reason: Reason = Reason.SPAM, text: str = "") -> Report:
    return report_content(thing, pk, reporter=who, reason=reason, text=text)[0]


def test_reports_of_one_thing_are_one_case(reader_rina, outsider_otto, uploader_uli, chapter):
    first = report("chapter", chapter.pk, reader_rina)
    second = report("chapter", chapter.pk, outsider_otto, Reason.STOLEN)

    case = Case.objects.get()
    assert first.case_id == second.case_id == case.pk
    assert (case.report_count, case.accused, case.is_severe) == (2, uploader_uli, False)
    assert case.subject_url == f"/read/{chapter.pk}"


def test_reports_of_another_upload_of_a_chapter_are_a_case_of_its_own(
    reader_rina, outsider_otto, uploader_uli, moderator_max, chapter
):
    of_uli = report("chapter", chapter.pk, reader_rina).case
    Upload.objects.filter(chapter=chapter).update(uploader=moderator_max)
    of_max = report("chapter", chapter.pk, outsider_otto).case
    again = report("chapter", chapter.pk, make_user("nurlan")).case

    assert (of_uli.accused, of_max.accused, again) == (uploader_uli, moderator_max, of_max)
    # Nobody judges, or sees by whom, what is said about them.
    assert list(Case.objects.all().visible_to(moderator_max)) == [of_uli]


def test_a_repeated_report_replaces_the_words(reader_rina, chapter):
    report("chapter", chapter.pk, reader_rina, text="First.")

    again, is_new = report_content(
        "chapter", chapter.pk, reporter=reader_rina, reason=Reason.ILLEGAL, text="Second."
    )

    case = Case.objects.get()
    assert not is_new
    assert (again.text, case.report_count, case.is_severe) == ("Second.", 1, True)


def test_a_report_after_the_decision_opens_the_next_case(reader_rina, moderator_mo, chapter):
    first = report("chapter", chapter.pk, reader_rina).case
    decide_case(first, moderator=moderator_mo, outcome=CaseState.DISMISSED)

    second = report("chapter", chapter.pk, reader_rina).case

    assert (first.pk != second.pk, second.state) == (True, "open")


@pytest.mark.parametrize("thing", ["title", "chapter", "page", "user"])
def test_what_one_cannot_see_cannot_be_reported(thing, reader_rina, uploader_uli, outsider_otto):
    hidden = make_title("Secret", moderation=Moderation.PENDING, created_by=uploader_uli)
    upload = make_upload_row(uploader=uploader_uli, series=hidden)
    outsider_otto.visibility = "private"
    outsider_otto.save(update_fields=["visibility"])
    ids = {
        "title": hidden.pk, "chapter": upload.chapter_id, "page": upload.pages.first().pk,
        "user": outsider_otto.pk,
    }  # fmt: skip

    with pytest.raises(NotFound):
        report(thing, ids[thing], reader_rina)

    assert not Case.objects.exists()


def test_a_page_and_a_person_can_be_reported(reader_rina, uploader_uli, chapter):
    page = chapter.live_upload.pages.last()

    of_page = report("page", page.pk, reader_rina, Reason.SEXUAL_MINOR).case
    of_person = report("user", uploader_uli.pk, reader_rina, Reason.HATEFUL).case

    assert of_page.subject_label.endswith(f"p. {page.number}")
    assert (of_page.accused, of_page.is_severe) == (uploader_uli, True)
    assert (of_person.accused, of_person.subject_url) == (uploader_uli, "/u/uli")


def test_the_unconfirmed_the_banned_and_oneself_are_refused(moderator_mo, chapter, reader_rina):
    nina = make_user("nina", confirmed=False)
    boris = make_user("boris")
    ban_user(boris, moderator=moderator_mo, reason="spam")

    codes = []
    for who, thing, pk in (
        (nina, "chapter", chapter.pk), (boris, "chapter", chapter.pk),
        (reader_rina, "user", reader_rina.pk), (reader_rina, "yurt", 1),
    ):  # fmt: skip
        with pytest.raises(AppError) as refused:
            report(thing, pk, who)
        codes.append(refused.value.code)

    assert codes == ["unconfirmed", "banned", "invalid", "invalid"]


def test_a_decision_is_made_once_logged_and_told_to_each_in_their_language(
    reader_rina, outsider_otto, moderator_mo, moderator_max, chapter
):
    outsider_otto.language = "ru"
    outsider_otto.save(update_fields=["language"])
    case = report("chapter", chapter.pk, reader_rina).case
    report("chapter", chapter.pk, outsider_otto)
    theirs = Case.objects.get()

    decide_case(case, moderator=moderator_mo, outcome=CaseState.ACTED, answer="It is gone.")
    with pytest.raises(AlreadyDecided):
        decide_case(theirs, moderator=moderator_max, outcome=CaseState.DISMISSED)

    entry = AuditEntry.objects.get(action="decide_case")
    assert (entry.actor, entry.to_state, entry.reason) == (moderator_mo, "acted", "It is gone.")
    emails = OutgoingEmail.objects.order_by("pk").values_list("address", "language")
    assert set(emails) == {("rina@example.test", "en"), ("otto@example.test", "ru")}
    with translation.override("en"):
        text = KINDS["report_decided"].write(OutgoingEmail.objects.first())
    assert "Naruto" in text.body
    assert "It is gone." in text.body


def test_telling_many_takes_as_many_queries_as_telling_two(
    moderator_mo, chapter, django_assert_max_num_queries
):
    for number in range(12):
        case = report("chapter", chapter.pk, make_user(f"reader{number}")).case

    with django_assert_max_num_queries(14):
        decide_case(case, moderator=moderator_mo, outcome=CaseState.DISMISSED)

    assert OutgoingEmail.objects.count() == 12


def test_only_moderators_decide(uploader_uli, reader_rina, chapter):
    case = report("chapter", chapter.pk, reader_rina).case

    with pytest.raises(Forbidden):
        decide_case(case, moderator=uploader_uli, outcome=CaseState.DISMISSED)

    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_a_case_outlives_what_it_is_about(reader_rina, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="live")
    case = report("chapter", upload.chapter_id, reader_rina).case
    delete_upload(upload, moderator=moderator_mo, reason="No.")
    upload.chapter.delete()
    uploader_uli.delete()

    case.refresh_from_db()
    decide_case(case, moderator=moderator_mo, outcome=CaseState.ACTED)

    assert (case.state, case.accused) == ("acted", None)
    assert "Naruto" in case.subject_label


def test_a_kind_is_how_its_things_are_found_and_where_moderators_see_them(reader_rina, monkeypatch):
    def find(viewer, pk):
        return Subject("A comment", "/read/1#c7", None) if pk == 7 else None

    kind = SubjectKind("comment", find, "admin:accounts_auditentry_change")
    monkeypatch.setitem(subject_kinds(), "comment", kind)

    case = report("comment", 7, reader_rina).case

    assert (case.subject_label, admin_url("comment", 7)) == (
        "A comment", "/admin/accounts/auditentry/7/change/",
    )  # fmt: skip
    with pytest.raises(NotFound):
        report("comment", 8, reader_rina)


# --- The API ------------------------------------------------------------------------------------


def test_ones_reports_show_the_decision_and_nobody_elses(
    reader_rina, outsider_otto, moderator_mo, chapter
):
    api = client_of(reader_rina)
    form = {"subject_type": "chapter", "subject_id": chapter.pk, "reason": "spam", "text": "Ads."}

    made = api.post("/api/reports", form, format="json")
    again = api.post("/api/reports", {**form, "text": "Ads!"}, format="json")
    report("chapter", chapter.pk, outsider_otto, text="Otto's words")
    decide_case(Case.objects.get(), moderator=moderator_mo, outcome=CaseState.ACTED, answer="Gone.")
    listed = api.get("/api/reports").json()

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["state"] == "open"
    [row] = listed["results"]
    assert (row["text"], row["state"], row["answer"]) == ("Ads!", "acted", "Gone.")
    assert row["subject"] == {
        "type": "chapter", "id": chapter.pk, "label": row["subject"]["label"],
        "url": f"/read/{chapter.pk}",
    }  # fmt: skip
    assert "tto" not in str(listed)


def test_the_list_goes_on_by_cursor(reader_rina, uploader_uli):
    series = make_title()
    for _number in range(3):
        row = make_upload_row(uploader=uploader_uli, series=series)
        report("chapter", row.chapter_id, reader_rina)
    api = client_of(reader_rina)

    first = api.get("/api/reports?page_size=2").json()
    rest = api.get(first["next"]).json()

    ids = [row["id"] for row in (*first["results"], *rest["results"])]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), rest["next"]) == (3, None)
    assert first["next"].startswith("/api/reports?")
    assert api.get(rest["previous"]).json()["results"] == first["results"]


def test_reports_of_one_moment_are_all_listed(reader_rina, uploader_uli):
    series = make_title()
    for _number in range(5):
        row = make_upload_row(uploader=uploader_uli, series=series)
        report("chapter", row.chapter_id, reader_rina)
    Report.objects.update(created_at=timezone.now())
    api = client_of(reader_rina)

    seen, path = [], "/api/reports?page_size=2"
    while path:
        page = api.get(path).json()
        seen += [row["id"] for row in page["results"]]
        path = page["next"]

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


def _cursor(text):
    return urlencode({"cursor": b64encode(text.encode()).decode()})


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x", "cursor=%D0%B6", "cursor=" + "A" * 101, "cursor=%00", "page_size=101",
        "page_size=some", _cursor("p=yesterday"), _cursor("p=2026-01-01T00:00:00"),
        _cursor("2026-01-01T00:00:00+00:00 7"),
        _cursor("p=0001-01-01T00:00:00+23:59"), _cursor("o=-1"), _cursor("r=x"), _cursor("p=%00"),
    ],
)  # fmt: skip
def test_a_place_in_the_list_that_nobody_named_is_refused(query, reader_rina):
    answer = client_of(reader_rina).get(f"/api/reports?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [query.partition("=")[0]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject_type": "yurt"}, {"subject_id": 0}, {"subject_id": 2**63}, {"reason": "boring"},
        {"text": "x" * 1001},
    ],
)  # fmt: skip
def test_a_wrong_form_names_its_field(wrong, reader_rina, chapter):
    form = {"subject_type": "chapter", "subject_id": chapter.pk, "reason": "spam", **wrong}

    answer = client_of(reader_rina).post("/api/reports", form, format="json")

    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == set(wrong)


def test_reports_are_limited(reader_rina, chapter, limit):
    limit("report", 2, 3600)
    api = client_of(reader_rina)
    form = {"subject_type": "chapter", "subject_id": chapter.pk, "reason": "spam"}

    statuses = [api.post("/api/reports", form, format="json").status_code for _ in range(3)]

    assert statuses == [201, 200, 429]
    assert api.get("/api/reports").status_code == 200


def test_the_reasons_are_told_in_the_readers_language(db):
    reasons = client_of(None).get("/api/reports/reasons", headers={"Accept-Language": "en"}).json()

    assert [row["code"] for row in reasons["results"]] == list(Reason.values)
    assert all(row["label"] for row in reasons["results"])
