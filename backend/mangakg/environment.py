"""Every environment variable that MangaKG reads, typed, with its default and its checks.

`.env.example` lists the same names; a test compares the two.
"""

import ipaddress
import math
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MIN_KEY_LENGTH = 32
MIN_TOKEN_LENGTH = 16
# By this measure 32 random hexadecimal digits have about 110 bits.
_MIN_KEY_BITS, _MIN_LETTERS = 90, 8
# Words that documentation and project generators leave in keys, reduced to letters.
_PLACEHOLDERS = (
    "changeme", "changethis", "changeit", "replaceme", "replacethis", "placeholder", "insecure",
    "example", "secretkey", "yoursecret", "yourkey", "mysecret", "password", "notsecret",
)  # fmt: skip


def _bits_of(text: str) -> float:
    """Return the entropy of a text in bits, judged by how often each character occurs."""
    counts = Counter(text).values()
    return -sum(count * math.log2(count / len(text)) for count in counts)


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _off_is_none(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "off" else value


def _parse_rate(value: object) -> object:
    """Turn "60/min" into (60, 60 s)."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "off":
        return None
    amount, _, period = value.partition("/")
    seconds = {
        "s": 1,
        "sec": 1,
        "m": 60,
        "min": 60,
        "h": 3600,
        "hour": 3600,
        "d": 86400,
        "day": 86400,
    }
    if period.strip() not in seconds or not amount.strip().isdigit() or int(amount) < 1:
        raise ValueError('must look like "60/min" (per s, min, hour or day) or be "off"')
    return int(amount), seconds[period.strip()]


def _named_addresses(value: object) -> object:
    """Turn "NAME=https://…, OTHER=https://…" into a dict."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(equals and address.strip() for _name, equals, address in pairs):
        raise ValueError('must look like "NAME=https://host/path", separated by commas')
    return {name.strip(): address.strip() for name, _equals, address in pairs}


CommaList = Annotated[list[str], NoDecode, BeforeValidator(_split_commas)]
RatingList = Annotated[
    list[Literal["safe", "suggestive", "erotica", "pornographic"]],
    NoDecode,
    BeforeValidator(_split_commas),
]
OptionalCount = Annotated[int | None, BeforeValidator(_off_is_none)]
Rate = Annotated[tuple[int, int] | None, NoDecode, BeforeValidator(_parse_rate)]


def _is_public_url(url: str) -> bool:
    """Return True unless the host is of loopback or a private network."""
    host = urlsplit(url).hostname or "localhost"
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal"))


class Environment(BaseSettings):
    """The variables, grouped as in `.env.example`. Sizes are bytes, times seconds."""

    model_config = SettingsConfigDict(
        env_file=REPOSITORY / "backend" / ".env", extra="ignore", env_ignore_empty=True
    )

    # Site
    MANGAKG_DATA: Path = REPOSITORY / "var"
    MANGAKG_INSTANCE: str = Field(default="mangakg", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    MANGAKG_SITE_NAME: str = "MangaKG"
    MANGAKG_TIME_ZONE: str = "UTC"
    MANGAKG_SITE_URL: str = ""
    MANGAKG_DEMO: bool = False
    MANGAKG_DEBUG: bool = False
    HOST: str = "127.0.0.1"
    PORT: int = Field(default=8000, ge=1, le=65535)
    WEB_PROCESSES: int = Field(default=1, ge=1, le=64)
    WEB_CONNECTIONS: int = Field(default=2048, ge=16, le=65_536)
    BODY_STALL_SECONDS: int = Field(default=30, ge=1, le=600)

    # Secrets
    SECRET_KEY: str = ""
    MEDIA_NAME_KEY: str = ""
    TOKEN_KEYS: CommaList = []

    # Hosts and proxies
    ALLOWED_HOSTS: CommaList = []
    CSRF_TRUSTED_ORIGINS: CommaList = []
    CORS_ALLOWED_ORIGINS: CommaList = []
    HTTPS_ONLY: bool = False
    TRUSTED_PROXIES: int = Field(default=0, ge=0, le=5)

    # Services
    DATABASE_URL: str = ""
    DATABASE_POOL_SIZE: int = Field(default=0, ge=0, le=100)
    REDIS_URL: str = ""
    S3_ENDPOINT_URL: str = ""
    S3_REGION: str = "auto"
    S3_BUCKET_MEDIA: str = ""
    S3_BUCKET_QUARANTINE: str = ""
    S3_BUCKET_STATIC: str = ""
    S3_ACCESS_KEY_ID: str = ""
    S3_SECRET_ACCESS_KEY: str = ""
    STATIC_TO_S3: bool = False
    MEDIA_BASE_URL: str = ""
    CDN_PURGE_URL: str = ""

    # Mail
    EMAIL_HOST: str = ""
    EMAIL_PORT: int = Field(default=587, ge=1, le=65535)
    EMAIL_HOST_USER: str = ""
    EMAIL_HOST_PASSWORD: str = ""
    EMAIL_SECURITY: Literal["starttls", "tls", "none"] = "starttls"
    DEFAULT_FROM_EMAIL: str = "MangaKG <noreply@localhost>"
    MODERATOR_DIGEST: Annotated[int | None, BeforeValidator(_off_is_none)] = None

    # Sources
    OUTBOUND_CONTACT: str = ""
    OUTBOUND_ALLOW_PRIVATE: bool = False
    ANILIST_CLIENT_ID: str = Field(default="", pattern=r"^[0-9]*$")
    ANILIST_CLIENT_SECRET: str = ""
    ANILIST_GRAPHQL_URL: str = ""
    ANILIST_AUTHORIZE_URL: str = ""
    ANILIST_TOKEN_URL: str = ""
    MANGADEX_API_URL: str = ""
    MANGADEX_UPLOADS_URL: str = ""
    MANGADEX_REPORT_URL: str = ""
    KITSU_API_URL: str = ""
    SOURCE_ADDRESSES: Annotated[dict[str, str], NoDecode, BeforeValidator(_named_addresses)] = {}
    SOURCE_FOLDER: str = ""
    SOURCE_CHAPTERS_BY_TRUSTED: bool = False

    # Logs and monitoring
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    LOG_JSON: bool = False
    METRICS_TOKEN: str = ""
    SENTRY_DSN: str = ""
    SENTRY_ENVIRONMENT: str = "production"

    # Rules of the site
    STRIKES_TO_BAN: int = Field(default=3, ge=0)
    STRIKE_WINDOW_DAYS: int = Field(default=30, ge=1)
    THROTTLE_ANON: Rate = (300, 60)
    THROTTLE_USER: Rate = (600, 60)
    THROTTLE_UPLOAD: Rate = (60, 60)
    THROTTLE_AUTH: Rate = (60, 60)
    THROTTLE_REPORT: Rate = (20, 3600)
    THROTTLE_AVATAR: Rate = (10, 3600)
    THROTTLE_PROPOSE: Rate = (30, 3600)
    THROTTLE_EXPORT: Rate = (5, 86_400)
    AVATAR_PUBLIC_AFTER_DAYS: int = Field(default=7, ge=0)
    STAFF_SECOND_FACTOR: bool = False
    GUESSES_FREE: int = Field(default=5, ge=1, le=100)
    GUESSES_FREE_OF_NETWORK: int = Field(default=50, ge=1)
    GUESS_MAX_DELAY_SECONDS: int = Field(default=900, ge=1)
    QUOTA_UPLOADS_PER_DAY: OptionalCount = 200
    QUOTA_BYTES_PER_DAY: OptionalCount = 10_000_000_000
    QUOTA_WAITING: OptionalCount = 100
    QUOTA_PROPOSALS_WAITING: OptionalCount = 20
    QUOTA_DECODING_SECONDS_PER_DAY: OptionalCount = 3600
    GUEST_RATINGS: RatingList = ["safe", "suggestive"]
    TRUSTED_REVIEW_PERCENT: int = Field(default=10, ge=0, le=100)
    BANNED_PICTURES: Literal["fail", "warn"] = "fail"
    BANNED_PICTURE_DISTANCE: int = Field(default=4, ge=0, le=4)

    # Limits of an upload
    UPLOAD_MAX_ARCHIVE_BYTES: int = Field(default=500 * 2**20, ge=1)
    UPLOAD_MAX_PAGES: int = Field(default=1000, ge=1)
    UPLOAD_MAX_PAGE_BYTES: int = Field(default=20 * 2**20, ge=1)
    UPLOAD_MAX_PAGE_PIXELS: int = Field(default=50_000_000, ge=1)
    UPLOAD_MAX_INFLATED_BYTES: int = Field(default=2048 * 2**20, ge=1)
    UPLOAD_MAX_DECODE_SECONDS: int = Field(default=10, ge=1)
    UPLOAD_MAX_SECONDS: int = Field(default=900, ge=1)
    INCOMING_MAX_BYTES: int = Field(default=4 * 2**30, ge=1)

    # Background work
    LEASE_SECONDS: int = Field(default=60, ge=1)
    SUPERSEDED_KEEP_DAYS: int = Field(default=7, ge=0)
    TAKEN_DOWN_KEEP_DAYS: int = Field(default=30, ge=0)

    @property
    def local_url(self) -> str:
        """Return the address on which the web server listens."""
        host = f"[{self.HOST}]" if ":" in self.HOST else self.HOST
        return f"http://{host}:{self.PORT}"

    @field_validator("MANGAKG_DATA")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        # Relative to the checkout, whatever folder a command was started in.
        return (REPOSITORY / value.expanduser()).resolve()

    @field_validator("MANGAKG_TIME_ZONE")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is no IANA time zone, such as Asia/Bishkek")
        return value

    @field_validator("SECRET_KEY", "MEDIA_NAME_KEY")
    @classmethod
    def _is_strong(cls, value: str) -> str:
        is_short = len(value) < MIN_KEY_LENGTH or len(set(value)) < _MIN_LETTERS
        if value and (is_short or _bits_of(value) < _MIN_KEY_BITS):
            raise ValueError(f"must be at least {MIN_KEY_LENGTH} random characters")
        if any(word in re.sub(r"[^a-z]", "", value.lower()) for word in _PLACEHOLDERS):
            raise ValueError("is a placeholder; put random characters there")
        return value

    @field_validator("TOKEN_KEYS")
    @classmethod
    def _are_strong(cls, value: list[str]) -> list[str]:
        for key in value:
            cls._is_strong(key)
        if len(set(value)) < len(value):
            raise ValueError("names a key twice")
        return value

    @field_validator("METRICS_TOKEN")
    @classmethod
    def _is_no_word(cls, value: str) -> str:
        if value and len(value) < MIN_TOKEN_LENGTH:
            raise ValueError(f"must be at least {MIN_TOKEN_LENGTH} random characters")
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> "Environment":
        missing = []
        if self.DATABASE_URL:
            # An external database outlives data folders, which then must not keep the keys.
            missing += [
                name for name in ("SECRET_KEY", "MEDIA_NAME_KEY") if not getattr(self, name)
            ]
            if self.ANILIST_CLIENT_ID and not self.TOKEN_KEYS:
                missing.append("TOKEN_KEYS")
        if self.ANILIST_CLIENT_ID and not self.ANILIST_CLIENT_SECRET:
            missing.append("ANILIST_CLIENT_SECRET")
        if self.S3_ENDPOINT_URL:
            wanted = [
                "S3_BUCKET_MEDIA",
                "S3_BUCKET_QUARANTINE",
                "S3_ACCESS_KEY_ID",
                "S3_SECRET_ACCESS_KEY",
            ]
            if self.STATIC_TO_S3:
                wanted.append("S3_BUCKET_STATIC")
            missing += [name for name in wanted if not getattr(self, name)]
        elif self.STATIC_TO_S3:
            missing.append("S3_ENDPOINT_URL")
        if missing:
            raise ValueError(f"missing: {', '.join(missing)}")
        if self.SECRET_KEY and self.SECRET_KEY == self.MEDIA_NAME_KEY:
            raise ValueError("SECRET_KEY and MEDIA_NAME_KEY must not be the same")
        if {self.SECRET_KEY, self.MEDIA_NAME_KEY}.intersection(self.TOKEN_KEYS):
            raise ValueError("TOKEN_KEYS must be keys of their own")
        is_public = self.HOST not in {"127.0.0.1", "::1", "localhost"}
        if self.MANGAKG_DEMO and is_public:
            raise ValueError(
                "HOST must be a loopback address while MANGAKG_DEMO=1 makes public passwords"
            )
        if self.OUTBOUND_ALLOW_PRIVATE and _is_public_url(self.MANGAKG_SITE_URL):
            raise ValueError(
                "OUTBOUND_ALLOW_PRIVATE=1 lets other servers name addresses of this network, and "
                "is refused together with a public MANGAKG_SITE_URL"
            )
        if self.MANGAKG_DEBUG and is_public:
            raise ValueError(
                "HOST must be a loopback address while MANGAKG_DEBUG=1 shows what is inside"
            )
        return self


def read_environment() -> Environment:
    """Return the checked environment; a bad variable ends the process and is named."""
    try:
        return Environment()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            text = problem["msg"].removeprefix("Value error, ")
            lines.append(f"  {name}: {text}" if name else f"  {text}")
        sys.exit(
            "MangaKG cannot start: a setting is wrong (see backend/.env.example)\n"
            + "\n".join(lines)
        )
