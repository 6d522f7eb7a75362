"""300,000 pages of 100,000 chapters of 20,000 titles, and what people leave behind beside them."""

from django.contrib.contenttypes.models import ContentType
from django.db import connection

from accounts.models import AuditEntry, AvatarUpload, OutgoingEmail, Session, Strike, User
from catalog.models import (
    Alias,
    Category,
    Cover,
    Credit,
    Person,
    SearchName,
    Tag,
    Title,
    TitleLanguage,
)
from common.models import Event, EventCursor, Job, JobItem, MediaFile
from common.statistics import refresh_statistics
from common.work.events import CONSUMERS
from reader.models import Chapter, DailyReads, Group, Page, ReadingState, Upload, Volume
from safety.models import Case, Report
from sources.models import CoverFetch, SourceTitle
from tests.volume.filling import (
    CHAPTERS,
    PAGES,
    PEOPLE,
    READ,
    TITLES,
    fill,
    hexadecimal,
    moment,
    never,
    order_of_numbers,
    without_checks,
)
from tracker.models import (
    LibraryChange,
    LibraryCount,
    LibraryItem,
    LibraryList,
    LibraryListEntry,
    LibraryTag,
)

STATES = """CASE WHEN i %% 100 = 1 THEN 'failed' WHEN i %% 100 = 2 THEN 'superseded'
WHEN i %% 100 = 3 THEN 'taken_down' WHEN i %% 100 = 4 THEN 'rejected'
WHEN i %% 500 = 5 THEN 'awaiting_review' WHEN i %% 2000 = 10 THEN 'received'
WHEN i %% 2000 = 20 THEN 'publishing' ELSE 'live' END"""
IS_LIVE = f"({STATES}) = 'live'"
# All of a title are in one language; few are in Kyrgyz.
LANGUAGES = (
    f"CASE WHEN i %% {TITLES} %% 100 = 5 THEN 'ky' WHEN i %% {TITLES} %% 3 = 1 THEN 'ru'"
    " ELSE 'en' END"
)


def make_library() -> None:
    """Fill every table that grows with the years."""
    with without_checks():
        _make_people()
        _make_titles()
        _make_chapters()
        _make_moderation()
        _make_jobs()
        _make_libraries()
        _make_source_titles()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # as its autovacuum does, but of every row:
            # a sample is drawn at random, and with it would be the plans.
            cursor.execute("SET LOCAL default_statistics_target = 1000")
            cursor.execute("ANALYZE")
    refresh_statistics()


def _make_people() -> None:
    fill(
        User, PEOPLE,
        username="'person' || i", username_key="'person' || i",
        username_order=order_of_numbers(), email="'p' || i || '@e.test'",
        date_joined=moment("i * 3600"),
    )  # fmt: skip
    fill(
        AvatarUpload, PEOPLE,
        user_id="i", error_code="CASE WHEN i %% 500 = 1 THEN '' ELSE 'bad_image' END",
        error_params="'{}'", created_at=moment("i"),
    )  # fmt: skip
    fill(
        Session, 10_000,
        user_id=f"1 + i %% {PEOPLE}", refresh_hash=hexadecimal(64), epoch="0",
        expires_at=moment("i - 100000"),
        family=hexadecimal(32),
    )  # fmt: skip
    fill(
        Strike,
        5_000,
        subject="'upload:' || i",
        user_id=f"1 + i %% {PEOPLE}",
        created_at=moment("i * 60"),
    )
    fill(
        OutgoingEmail, 50_000,
        kind="'confirm'", address=f"'p' || (1 + i %% {PEOPLE}) || '@e.test'", language="'en'",
        user_id=f"1 + i %% {PEOPLE}", created_at=moment("i * 10"), sent_at=moment("i * 10"),
    )  # fmt: skip
    fill(
        AuditEntry, 50_000,
        actor_id=f"1 + i %% {PEOPLE}", action="'approve'", subject_type="'upload'",
        subject_id="i", created_at=moment("i"),
    )  # fmt: skip


def _make_titles() -> None:
    fill(
        MediaFile, CHAPTERS,
        name="'ab/' || " + hexadecimal(64) + " || '.webp'", content_type="'image/webp'",
        bytes="180000", unreferenced_since="NULL",
    )  # fmt: skip
    names = ("'Синий ' || i", "'Blue ' || i")
    fill(
        Title, TITLES,
        kind="CASE WHEN i %% 10 = 0 THEN 'manhwa' WHEN i %% 1000 = 7 THEN 'movie' ELSE 'manga' END",
        name=names[1], name_order=order_of_numbers(), original_name=names[0],
        slug="'blue-' || i", year="1980 + i %% 45",
        moderation="CASE WHEN i %% 50 = 7 THEN 'pending' ELSE 'approved' END",
        created_by_id=f"1 + i %% {PEOPLE}", created_at=moment("i * 60"),
        approved_at=moment("i * 60"), updated_at=moment("i * 60"), popularity="i * 7919 %% 20000",
        chapter_count="5", last_chapter_at=moment("i * 60"), rating_average="i %% 10",
        anilist_id="i", mal_id="CASE WHEN i %% 2 = 0 THEN i END",
    )  # fmt: skip
    fill(Category, 20, slug="'genre-' || i", name="""'{"en": "Genre"}'""")
    fill(Tag, 300, slug="'tag-' || i", name="""'{"en": "Tag"}'""")
    fill(Title.categories.through, TITLES, title_id="i", category_id="1 + i %% 20")
    fill(Title.tags.through, TITLES, title_id="i", tag_id="1 + i %% 300")
    fill(
        Person, 10_000,
        name="'Somebody ' || i", name_order=order_of_numbers(), slug="'somebody-' || i",
    )  # fmt: skip
    fill(Credit, TITLES, title_id="i", person_id="1 + i %% 10000",
         role="CASE WHEN i %% 2 = 0 THEN 'author' ELSE 'artist' END")  # fmt: skip
    fill(TitleLanguage, TITLES, title_id=f"1 + i %% {TITLES}", language=LANGUAGES,
         chapter_count="5")  # fmt: skip
    of_titles = str(ContentType.objects.get_for_model(Title).pk)
    fill(Alias, TITLES, content_type_id=of_titles, object_id="i", name="'Алиас ' || i")
    fill(SearchName, TITLES, title_id="i", folded="'blue ' || i", source="'name'")
    fill(
        Cover, TITLES,
        title_id="i", original_id="i", small_id="i", large_id="i", width="800", height="1200",
        color="'#808080'", thumbnails_done="(1 = 1)",
    )  # fmt: skip


def _make_chapters() -> None:
    fill(
        Group, 500,
        name="'Group ' || i", name_folded="'group ' || i", name_order=order_of_numbers(),
        slug="'group-' || i",
    )  # fmt: skip
    fill(Volume, TITLES, series_id="i", number="1")
    fill(
        Chapter, CHAPTERS,
        series_id=f"1 + i %% {TITLES}", number=f"i / {TITLES}", language=LANGUAGES,
        volume_id=f"1 + i %% {TITLES}", group_id="NULL", title="'Chapter ' || i",
        live_upload_id=f"CASE WHEN {IS_LIVE} THEN i END",
        published_at=moment("i * 60"), page_count="3", created_at=moment("i * 60"),
    )  # fmt: skip
    folder = "gen_random_uuid()" if connection.vendor == "postgresql" else hexadecimal(32)
    fill(
        Upload, CHAPTERS,
        chapter_id="i", uploader_id=f"1 + i %% {PEOPLE}", state=STATES, folder=folder,
        filename="'chapter.zip'", archive_bytes="5000000", archive_sha256=hexadecimal(64),
        page_count="3", pages_done="3", variants_done=IS_LIVE, created_at=moment("i * 60"),
        decided_at=moment("i * 60"),
        purge_after=f"CASE WHEN i %% 100 = 3 THEN {moment('-86400')} END",
    )  # fmt: skip
    fill(
        Page, PAGES,
        upload_id="(i + 2) / 3", number="1 + (i + 2) %% 3", name="'1.webp'", width="1400",
        height="2000", content_type="'image/webp'", bytes="180000", sha256=hexadecimal(64),
        perceptual_hash="i * 2654435761", color="'#808080'",
        file_id=f"CASE WHEN i %% 300 >= 12 THEN 1 + i %% {CHAPTERS} END",
    )  # fmt: skip
    fill(
        ReadingState, READ + 50_000,
        user_id=f"CASE WHEN i <= {READ} THEN 1 ELSE 2 + i %% {PEOPLE - 2} END",
        chapter_id=f"1 + (i * 19) %% {CHAPTERS}",
        series_id=f"1 + (1 + (i * 19) %% {CHAPTERS}) %% {TITLES}",
        page="1", changed_at=moment("i * 30"),
        finished_at=moment("i * 30"),
    )  # fmt: skip

    fill(
        DailyReads, TITLES,
        title_id=f"1 + i %% {TITLES}", day=f"DATE({moment('i %% 7 * 86400')})",
        readers="i %% 50",
    )  # fmt: skip


def _make_moderation() -> None:
    fill(
        Case, 20_000,
        subject_type="'title'", subject_id="i", subject_label="'Blue ' || i",
        state="CASE WHEN i %% 200 = 0 THEN 'open' ELSE 'acted' END", created_at=moment("i * 60"),
        accused_id=f"1 + i %% {PEOPLE}",
    )  # fmt: skip
    fill(
        Report, 20_000,
        case_id="i", reporter_id=f"1 + i %% {PEOPLE}", reason="'spam'", created_at=moment("i"),
    )  # fmt: skip


def _make_jobs() -> None:
    fill(
        Job, 20_000, owner_id=f"1 + i %% {PEOPLE}", about_id=f"1 + i %% {PEOPLE}",
        kind="CASE WHEN i %% 20 = 1 THEN 'mass_deletion' ELSE 'marks' END", total="3", done="3",
        state="CASE WHEN i %% 5000 = 7 THEN 'running' ELSE 'done' END", created_at=moment("i"),
        undo_until=moment("-i"), items_until=moment("-i"),
    )  # fmt: skip
    fill(
        JobItem, 60_000, job_id="1 + i %% 20000", position="i", subject_id="i", outcome="'done'",
    )  # fmt: skip
    # A week of events, which all consumers have taken.
    fill(Event, 60_000, name="'progress_saved'", payload="'{}'", position="i")
    EventCursor.objects.bulk_create(
        EventCursor(consumer=name, position=60_000) for name in ("sequence", *CONSUMERS)
    )


def _make_source_titles() -> None:
    fill(
        SourceTitle, TITLES,
        source="CASE WHEN i %% 3 = 0 THEN 'mangadex' ELSE 'anilist' END", external_id="'' || i",
        title_id="i", facts="'{}'",
    )  # fmt: skip
    fill(
        CoverFetch, TITLES,
        title_id="i", source="'anilist'", url="'https://pictures.test/' || i",
        is_done="i %% 5000 <> 7", asked_at=moment("i"),
    )  # fmt: skip


def _make_libraries() -> None:
    """The first user keeps nearly all titles, the others some each."""
    kept = TITLES - 2_000
    # Of the first user: titles 1 to `kept`; of user u: titles u to u + 9.
    user = f"CASE WHEN i <= {kept} THEN 1 ELSE 2 + (i - {kept} - 1) / 10 END"
    title = (
        f"CASE WHEN i <= {kept} THEN i ELSE 2 + (i - {kept} - 1) / 10 + (i - {kept} - 1) %% 10 END"
    )
    status = (
        "CASE WHEN i %% 1000 = 7 THEN 'repeating' WHEN i %% 10 = 1 THEN 'current'"
        " WHEN i %% 10 < 6 THEN 'completed' ELSE 'planning' END"
    )
    count = kept + 10 * (PEOPLE - 1)
    has_unread = "i %% 20 = 1"
    fill(
        LibraryItem, count,
        user_id=user, title_id=title, status=status, progress="i %% 100", field_times="'{}'",
        kind="CASE WHEN i %% 10 = 0 THEN 'manhwa' ELSE 'manga' END",
        name_order=order_of_numbers(), score="CASE WHEN i %% 3 = 0 THEN i %% 101 END",
        unread_count=f"CASE WHEN {has_unread} THEN 3 ELSE 0 END",
        last_unread_at=f"CASE WHEN {has_unread} THEN {moment('i * 60')} ELSE {never()} END",
        created_at=moment("i * 60"), updated_at=moment("i * 7919 %% 1000000"),
    )  # fmt: skip
    fill(LibraryTag, 300, user_id="1", name="'tag ' || i", name_folded="'tag ' || i")
    fill(
        LibraryItem.tags.through, kept, libraryitem_id="i", librarytag_id="1 + i %% 300",
    )  # fmt: skip
    fill(
        LibraryChange, 100_000,
        user_id=f"CASE WHEN i %% 2 = 0 THEN 1 ELSE 1 + i %% {PEOPLE} END",
        title_id=f"1 + i %% {kept}", at=moment("i * 60"), origin="'web'", changes="'{}'",
    )  # fmt: skip
    fill(
        LibraryCount, PEOPLE, user_id="i", kind="'manga'", status="'planning'", items="10",
    )  # fmt: skip
    fill(
        LibraryList, PEOPLE * 3,
        user_id=f"1 + i %% {PEOPLE}", name="'List ' || i", slug="'list-' || i",
        is_public="(i %% 2 = 0)", entry_count="10", updated_at=moment("i * 60"),
    )  # fmt: skip
    fill(
        LibraryListEntry, PEOPLE * 30,
        list_id="1 + (i - 1) / 10", title_id=f"1 + i %% {TITLES}", position="i %% 10",
    )  # fmt: skip
