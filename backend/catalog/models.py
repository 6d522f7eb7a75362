"""The models of the catalogue: titles, their names, people, categories, tags and covers."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.choices import CreditRole, Direction, Kind, Moderation, Rating, Status
from catalog.names import name_in
from catalog.search_grams import SearchGram
from common.discovery import declared
from common.models import MediaFile
from common.names import OrderKeyField
from common.work.leases import Leased

__all__ = ["SearchGram"]  # imported so that Django finds its table

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class Alias(models.Model):
    """Another name of a title or of a person."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    subject = GenericForeignKey("content_type", "object_id")
    name = models.CharField(_("name"), max_length=300)
    language = models.CharField(_("language"), max_length=35, blank=True, help_text="BCP 47")

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "name", "language"], name="alias_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    """A genre. There are few; moderators edit them, and one in use cannot be deleted."""

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.JSONField(_("name"), default=dict, help_text='{"en": …, "ky": …, "ru": …}')

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["slug"]

    def __str__(self) -> str:
        return str(self.name.get("en") or self.slug)


class Tag(models.Model):
    """A more specific word than a category. There are many."""

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.JSONField(_("name"), default=dict, help_text='{"en": …, "ky": …, "ru": …}')

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["slug"]

    def __str__(self) -> str:
        return str(self.name.get("en") or self.slug)


class Person(models.Model):
    """A person who worked on a title; an author who also draws is one person with two credits."""

    name = models.CharField(_("name"), max_length=200)
    name_order = OrderKeyField("name")
    original_name = models.CharField(_("original name"), max_length=200, blank=True)
    slug = models.SlugField(_("slug"), max_length=220, unique=True)
    aliases = GenericRelation(Alias)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [models.Index(fields=["name_order", "id"], name="person_name")]

    def __str__(self) -> str:
        return self.name


AnyPerson = TypeVar("AnyPerson", bound=Person)


class PeopleWithRole(models.Manager[AnyPerson]):
    """People who have a credit of one kind."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role

    def get_queryset(self) -> models.QuerySet[AnyPerson]:
        """Return the people, each of them once."""
        return (
            super()
            .get_queryset()
            .filter(
                models.Exists(Credit.objects.filter(person=models.OuterRef("pk"), role=self.role))
            )
        )


class Author(Person):
    """A person with an author's credit."""

    objects: ClassVar[PeopleWithRole["Author"]] = PeopleWithRole(CreditRole.AUTHOR)  # type: ignore[assignment] # a proxy's own manager

    class Meta:
        proxy = True
        verbose_name = _("author")
        verbose_name_plural = _("authors")


class Artist(Person):
    """A person with an artist's credit."""

    objects: ClassVar[PeopleWithRole["Artist"]] = PeopleWithRole(CreditRole.ARTIST)  # type: ignore[assignment] # a proxy's own manager

    class Meta:
        proxy = True
        verbose_name = _("artist")
        verbose_name_plural = _("artists")


@lru_cache(maxsize=1)
def _declared_holders() -> "tuple[Callable[[User], Q], ...]":
    return tuple(declared("titles", "HELD_BY"))


class TitleQuerySet(models.QuerySet["Title"]):
    """Queries of titles; only `public` and `visible_to` decide who sees which."""

    def public(self) -> Self:
        """Return the titles that guests see; these may be cached for all."""
        return self.filter(moderation=Moderation.APPROVED)

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Return the public titles, the user's own, and the unlisted ones that the user holds.

        Moderators see all titles. What it means to hold a title is declared by the apps above:
        `HELD_BY(user)` in `<app>/titles.py` is a condition on titles.
        """
        if user.has_perm("catalog.moderate_title"):
            return self
        if not user.is_authenticated:
            return self.public()
        seen = Q(moderation=Moderation.APPROVED) | Q(created_by=user.pk)
        for held_by in _declared_holders():
            seen |= Q(moderation=Moderation.UNLISTED) & held_by(user)
        return self.filter(seen)

    def held_by(self, user: "User") -> Self:
        """Return the titles that the user holds, whatever their state."""
        held = Q(pk__in=[])
        for held_by in _declared_holders():
            held |= held_by(user)
        return self.filter(held)


class Title(models.Model):
    """Something to read or watch. `slug` is given at approval; before that it is `p-<id>`."""

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=300)
    name_order = OrderKeyField("name")
    original_name = models.CharField(_("original name"), max_length=300, blank=True)
    slug = models.SlugField(_("slug"), max_length=120, unique=True, null=True, editable=False)
    aliases = GenericRelation(Alias)
    synopsis = models.JSONField(_("synopsis"), default=dict, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ONGOING)
    content_rating = models.CharField(
        _("content rating"), max_length=12, choices=Rating, default=Rating.SAFE
    )
    year = models.PositiveSmallIntegerField(
        _("year"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1800), MaxValueValidator(2200)],
    )
    original_language = models.CharField(_("original language"), max_length=35, blank=True)
    # Its names by language, see `catalog.names`; `search_index` keeps them up to date.
    names = models.JSONField(default=dict, editable=False)
    direction = models.CharField(
        _("reading direction"), max_length=5, choices=Direction, blank=True,
        help_text=_("Empty: as is usual for its kind."),
    )  # fmt: skip
    numbers_restart_per_volume = models.BooleanField(
        _("chapter numbers begin anew in each volume"), default=False,
        help_text=_("Chapter 1 of volume 2 is then another one than chapter 1 of volume 1."),
    )  # fmt: skip
    categories = models.ManyToManyField(Category, blank=True, verbose_name=_("categories"))
    tags = models.ManyToManyField(Tag, blank=True, verbose_name=_("tags"))
    people = models.ManyToManyField(Person, through="Credit", related_name="titles")
    length = models.PositiveIntegerField(
        _("length"), null=True, blank=True, help_text=_("Chapters or episodes known so far.")
    )
    duration_minutes = models.PositiveIntegerField(_("duration, minutes"), null=True, blank=True)
    season_count = models.PositiveSmallIntegerField(_("seasons"), null=True, blank=True)
    # [{"url", "site", "id"}], see `catalog.trailers`.
    trailers = models.JSONField(_("trailers"), default=list, blank=True)
    site_url = models.URLField(_("site"), max_length=500, blank=True)
    format = models.CharField(_("format"), max_length=20, blank=True)
    anilist_id = models.PositiveIntegerField("AniList", null=True, blank=True, unique=True)
    mal_id = models.PositiveIntegerField("MyAnimeList", null=True, blank=True)
    mangadex_id = models.UUIDField("MangaDex", null=True, blank=True, unique=True)

    moderation = models.CharField(
        _("moderation"), max_length=8, choices=Moderation, default=Moderation.DRAFT
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL,
        related_name="titles", editable=False,
    )  # fmt: skip
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)
    # The time of its last chapter; without chapters, the time of its creation.
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    # Counters: the code that changes what they count keeps them up to date.
    chapter_count = models.PositiveIntegerField(_("chapters"), default=0, editable=False)
    last_chapter_at = models.DateTimeField(null=True, editable=False)
    popularity = models.PositiveIntegerField(default=0, editable=False)
    # Out of 10; 0 is no rating, which sorts last on every database.
    rating_average = models.DecimalField(max_digits=4, decimal_places=2, default=0, editable=False)

    objects = TitleQuerySet.as_manager()

    class Meta:
        verbose_name = _("title")
        verbose_name_plural = _("titles")
        permissions = [("moderate_title", "Can see and decide about every title")]
        constraints = [
            models.UniqueConstraint(
                "mal_id",
                models.Case(models.When(kind__in=["anime", "movie", "show"], then=1), default=0),
                name="title_mal_unique",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="title_has_name"),
        ]
        indexes = [
            # They begin with the state and have no condition: SQLite gets the state as a parameter,
            # and so cannot use an index whose condition names a value.
            models.Index(fields=["moderation", "-approved_at", "-id"], name="title_newest"),
            models.Index(fields=["moderation", "-updated_at", "-id"], name="title_updated"),
            models.Index(fields=["-updated_at", "-id"], name="title_touched"),  # of any state
            models.Index(fields=["moderation", "-popularity", "-id"], name="title_popular"),
            models.Index(fields=["moderation", "-rating_average", "-id"], name="title_rated"),
            models.Index(fields=["moderation", "name_order", "id"], name="title_by_name"),
            models.Index(fields=["moderation", "-created_at"], name="title_moderation"),
            models.Index(fields=["moderation", "year"], name="title_by_year"),
            # For the lists of one kind, which may be few among many.
            models.Index(fields=["kind", "moderation", "-approved_at", "-id"], name="kind_newest"),
            models.Index(fields=["kind", "moderation", "-updated_at", "-id"], name="kind_updated"),
            models.Index(fields=["kind", "moderation", "-popularity", "-id"], name="kind_popular"),
            models.Index(
                fields=["kind", "moderation", "-rating_average", "-id"], name="kind_rated"
            ),
            models.Index(fields=["kind", "moderation", "name_order", "id"], name="kind_by_name"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def name_in(self, language: str) -> str:
        """Return the name in a language, or the main name where it has none."""
        return name_in(self.names, self.name, language)

    @property
    def path_slug(self) -> str:
        """The word that stands for the title in an address: its slug, or `p-<id>`."""
        return self.slug or f"p-{self.pk}"


class TitlesOfKind(models.Manager[Title]):
    """The titles of one kind."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def get_queryset(self) -> TitleQuerySet:
        """Return only titles of this kind."""
        return TitleQuerySet(self.model, using=self._db).filter(kind=self.kind)


class Movie(Title):
    """A title of one film."""

    objects: ClassVar[TitlesOfKind] = TitlesOfKind(Kind.MOVIE)  # type: ignore[assignment] # a proxy's own

    class Meta:
        proxy = True
        verbose_name = _("movie")
        verbose_name_plural = _("movies")


class Anime(Title):
    """An animated title, with its episodes."""

    objects: ClassVar[TitlesOfKind] = TitlesOfKind(Kind.ANIME)  # type: ignore[assignment] # a proxy's own

    class Meta:
        proxy = True
        verbose_name = _("anime")
        verbose_name_plural = _("anime")


class Show(Title):
    """A series to watch, with its seasons and episodes."""

    objects: ClassVar[TitlesOfKind] = TitlesOfKind(Kind.SHOW)  # type: ignore[assignment] # a proxy's own

    class Meta:
        proxy = True
        verbose_name = _("show")
        verbose_name_plural = _("shows")


class TitleLanguage(models.Model):
    """A language in which a title can be read, and how many public chapters it has in it.

    It is a counter as those of the title: the code that changes what it counts keeps it up to date.
    """

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="languages")
    language = models.CharField(max_length=35, help_text="BCP 47, lower case")
    chapter_count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["title", "language"], name="title_language_once")
        ]

    def __str__(self) -> str:
        return f"{self.title_id}: {self.language}, {self.chapter_count}"


class OldSlug(models.Model):
    """A slug that a title had before; it redirects to the present one."""

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="old_slugs")
    slug = models.SlugField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.slug


class Credit(models.Model):
    """A person's part in a title; those of a title have an order, as on a poster."""

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="credits")
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="credits", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=12, choices=CreditRole)
    part = models.CharField(
        _("part"), max_length=200, blank=True, help_text=_("Whom they play, or what they did.")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0, blank=True)

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [
            models.UniqueConstraint(fields=["title", "person", "role"], name="credit_once")
        ]
        indexes = [models.Index(fields=["person", "role"], name="credit_person")]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_role_display()})"


class Cover(Leased):
    """The picture of a title: the original, and two WebP thumbnails made in the background."""

    title = models.OneToOneField(Title, on_delete=models.CASCADE, related_name="cover")
    original = models.ForeignKey(MediaFile, on_delete=models.PROTECT, related_name="covers")
    small = models.ForeignKey(
        MediaFile, null=True, on_delete=models.PROTECT, related_name="small_covers"
    )
    large = models.ForeignKey(
        MediaFile, null=True, on_delete=models.PROTECT, related_name="large_covers"
    )
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    color = models.CharField(max_length=7)
    thumbnails_done = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("cover")
        verbose_name_plural = _("covers")
        indexes = [
            models.Index(fields=["id"], name="cover_waits", condition=Q(thumbnails_done=False))
        ]

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def file_ids(self) -> list[int]:
        """The ids of the media files that the cover uses."""
        return [pk for pk in (self.original_id, self.small_id, self.large_id) if pk is not None]


class CoverDraft(Leased):
    """A cover that waits with its title for a moderator, in quarantine and not public."""

    title = models.OneToOneField(Title, on_delete=models.CASCADE, related_name="cover_draft")
    file_name = models.CharField(max_length=80)
    content_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    color = models.CharField(max_length=7)
    is_approved = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="cover_draft_due", condition=Q(is_approved=True))
        ]

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Screenshot(Leased):
    """A picture of what is watched: as it was sent, and smaller, made in the background."""

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="screenshots")
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    original = models.ForeignKey(MediaFile, on_delete=models.PROTECT, related_name="screenshots")
    small = models.ForeignKey(
        MediaFile, null=True, on_delete=models.PROTECT, related_name="small_screenshots"
    )
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    color = models.CharField(max_length=7)
    small_done = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("screenshot")
        verbose_name_plural = _("screenshots")
        indexes = [
            models.Index(fields=["id"], name="screenshot_waits", condition=Q(small_done=False))
        ]

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def file_ids(self) -> list[int]:
        """The ids of the media files that the screenshot uses."""
        return [pk for pk in (self.original_id, self.small_id) if pk is not None]


class SearchName(models.Model):
    """One folded name under which a title can be found."""

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="search_names")
    folded = models.CharField(max_length=300)
    spellings = models.TextField(
        default="",
        help_text="as the names that fold to this are written, one a line, folded a little",
    )
    source = models.CharField(
        max_length=8,
        choices=[(name, name) for name in ("name", "original", "alias", "person")],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["title", "folded", "source"], name="search_name_once")
        ]

    def __str__(self) -> str:
        return self.folded


def now_or_past(column: str) -> Q:
    """Match rows whose time in `column` is empty, now or past."""
    return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lte": Now()})
