"""Saves the demo's titles with their names, categories, tags, people and covers."""

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from catalog.choices import CreditRole, Moderation
from catalog.covers import make_thumbnails, set_cover
from catalog.models import Alias, Category, Cover, Credit, Person, Screenshot, Tag, Title
from catalog.moderation import approve_title
from catalog.screenshots import add_screenshot, make_small_screenshot
from catalog.slugs import unique_slug
from demo.library import CATEGORIES, PEOPLE, TAGS, DemoTitle
from reader.models import DailyReads


def find_or_make_title(demo: DemoTitle, *, moderator: User) -> Title:
    """Return the title, approved and with its cover; a second call changes nothing."""
    found = Title.objects.filter(name=demo.name, kind=demo.kind).first()
    title = found or _make_title(demo, moderator)
    if not Cover.objects.filter(title=title).exists():
        picture = ContentFile(demo.cover.read_bytes(), name=demo.cover.name)
        cover = set_cover(title, picture, moderator=moderator)
        make_thumbnails.run(cover.pk)
    if not Screenshot.objects.filter(title=title).exists():
        for path in demo.screenshots:
            picture = ContentFile(path.read_bytes(), name=path.name)
            make_small_screenshot.run(add_screenshot(title, picture, moderator=moderator).pk)
    return title


def _make_title(demo: DemoTitle, moderator: User) -> Title:
    with transaction.atomic():
        title = Title.objects.create(
            kind=demo.kind,
            name=demo.name,
            original_name=demo.original_name,
            synopsis=demo.synopsis,
            status=demo.status,
            content_rating=demo.content_rating,
            year=demo.year,
            original_language=demo.original_language,
            direction=demo.direction,
            length=demo.length,
            duration_minutes=demo.duration_minutes,
            season_count=demo.season_count,
            popularity=demo.popularity,
            moderation=Moderation.PENDING,
            created_by=moderator,
        )
        title.categories.set(
            Category.objects.get_or_create(slug=slug, defaults={"name": CATEGORIES[slug]})[0]
            for slug in demo.categories
        )
        title.tags.set(
            Tag.objects.get_or_create(slug=slug, defaults={"name": TAGS[slug]})[0]
            for slug in demo.tags
        )
        for language, name in demo.names.items():
            Alias.objects.create(subject=title, name=name, language=language)
        made_by = [(role, name, "") for role, name in demo.people.items()]
        played_by = [(CreditRole.CAST, name, part) for name, part in demo.cast]
        for position, (role, name, part) in enumerate([*made_by, *played_by]):
            Credit.objects.create(
                title=title, person=_find_or_make_person(name), role=role, part=part,
                position=position,
            )  # fmt: skip
        DailyReads.objects.create(title=title, day=timezone.now().date(), readers=demo.popularity)
        approve_title(title, moderator=moderator)
    return title


def _find_or_make_person(name: str) -> Person:
    person, created = Person.objects.get_or_create(
        name=name, defaults={"slug": unique_slug(Person, name, fallback="person")}
    )
    if created:
        for language, other in PEOPLE[name].items():
            Alias.objects.create(subject=person, name=other, language=language)
    return person
