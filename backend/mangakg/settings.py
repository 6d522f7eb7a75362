"""All settings. Each environment variable is read once, by `mangakg.environment`."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from django.utils.translation import gettext_lazy as _

from common.keys import read_or_make_key
from common.logs import logging_settings
from mangakg.environment import REPOSITORY, read_environment
from mangakg.error_reports import start_error_reports

# Lets Django's classes take the type parameters of the stubs: ModelAdmin[Title], File[bytes].
django_stubs_ext.monkeypatch()

env = read_environment()

# --- Site and folders -------------------------------------------------------------------------
BASE_DIR = Path(__file__).resolve().parent.parent
FRONTEND_BUILD = REPOSITORY / "frontend" / "build"
DATA_FOLDER = env.MANGAKG_DATA
INSTANCE = env.MANGAKG_INSTANCE
SITE_NAME = env.MANGAKG_SITE_NAME
HOST, PORT = env.HOST, env.PORT
LOCAL_URL = env.local_url
SITE_URL = env.MANGAKG_SITE_URL.rstrip("/") or LOCAL_URL
DEMO = env.MANGAKG_DEMO
DEBUG = env.MANGAKG_DEBUG
WEB_PROCESSES, WEB_CONNECTIONS = env.WEB_PROCESSES, env.WEB_CONNECTIONS

# --- Secrets ----------------------------------------------------------------------------------
_KEYS = DATA_FOLDER / "keys"
SECRET_KEY = env.SECRET_KEY or read_or_make_key(_KEYS, "secret_key")
MEDIA_NAME_KEY = env.MEDIA_NAME_KEY or read_or_make_key(_KEYS, "media_name_key")
# The first seals, all of them open.
TOKEN_KEYS = env.TOKEN_KEYS or [read_or_make_key(_KEYS, "token_key")]

# --- Hosts and cookies ------------------------------------------------------------------------
# Names are unique without regard to case, by a constraint that this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
ALLOWED_HOSTS = env.ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.CSRF_TRUSTED_ORIGINS
CORS_ALLOWED_ORIGINS = env.CORS_ALLOWED_ORIGINS
CORS_URLS_REGEX = r"^/api/"
TRUSTED_PROXIES = env.TRUSTED_PROXIES
if env.TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if env.HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.HTTPS_ONLY
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = env.HTTPS_ONLY
# A browser accepts a cookie with this prefix only over HTTPS, and only from this very host.
_PREFIX = "__Host-" if env.HTTPS_ONLY else ""
SESSION_COOKIE_NAME = f"{_PREFIX}{INSTANCE}_admin"
CSRF_COOKIE_NAME = f"{_PREFIX}{INSTANCE}_csrf"
LANGUAGE_COOKIE_NAME = f"{_PREFIX}{INSTANCE}_language"  # of the admin's pages
CSRF_FAILURE_VIEW = "mangakg.errors.csrf_failure"
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Strict"
# Only users who are logged in get messages; Django's default storage would make a cookie of them.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 12 * 3600  # of the admin's pages: a day's work
SECURE_REFERRER_POLICY = "same-origin"

# --- Apps -------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "mangakg.admin_config.MangaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "django_prometheus",
    "mangakg",
    "common",
    "accounts",
    "catalog",
    "reader",
    "sources",
    "tracker",
    "safety",
    "demo",
]

MIDDLEWARE = [
    "mangakg.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "mangakg.static_files.StaticFilesMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "common.logs.RequestLogMiddleware",
    "mangakg.body_limits.BodyLimitMiddleware",
    "common.http.compression.TextGZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mangakg.time_zones.AdminTimeZoneMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "mangakg.urls"
WSGI_APPLICATION = "mangakg.wsgi.application"
TEST_RUNNER = "tests.runner.PytestRunner"  # `manage.py test`; `make test` runs all there is
APPEND_SLASH = False  # every path answers with and without one
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "mangakg" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database ---------------------------------------------------------------------------------
if env.DATABASE_URL:
    # Neon's pooler works by transaction: no server-side cursors, no prepared statements kept.
    _database: dict[str, Any] = {
        **dj_database_url.parse(env.DATABASE_URL, conn_max_age=0 if env.DATABASE_POOL_SIZE else 60),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
    if env.DATABASE_POOL_SIZE:
        pool = {"min_size": 1, "max_size": env.DATABASE_POOL_SIZE, "timeout": 10}
        _database.setdefault("OPTIONS", {})["pool"] = pool
else:
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_FOLDER / "mangakg.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;"
                "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY"
            ),
        },
    }
DATABASES = {"default": _database}

# --- Cache and queue --------------------------------------------------------------------------
REDIS_URL = env.REDIS_URL
CELERY_BROKER_URL = REDIS_URL or None
LEASE_SECONDS = env.LEASE_SECONDS

# --- Files ------------------------------------------------------------------------------------
S3_ENDPOINT_URL = env.S3_ENDPOINT_URL
STATIC_TO_S3 = env.STATIC_TO_S3
CDN_PURGE_URL = env.CDN_PURGE_URL
MEDIA_URL = "/media/"
if env.MEDIA_BASE_URL:
    MEDIA_URL = f"{env.MEDIA_BASE_URL.rstrip('/')}/"
elif S3_ENDPOINT_URL:
    MEDIA_URL = f"{S3_ENDPOINT_URL.rstrip('/')}/{env.S3_BUCKET_MEDIA}/{INSTANCE}/"
METRICS_TOKEN = env.METRICS_TOKEN
STATIC_URL = "/static/"
STATIC_ROOT = DATA_FOLDER / "static"
# The admin and the web app have one set of fonts.
STATICFILES_DIRS = [("fonts", REPOSITORY / "frontend" / "src" / "lib" / "ui" / "fonts")]
WHITENOISE_ROOT = FRONTEND_BUILD
WHITENOISE_INDEX_FILE = False
WHITENOISE_ALLOW_ALL_ORIGINS = False
FILE_UPLOAD_TEMP_DIR = DATA_FOLDER / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
BODY_STALL_SECONDS = env.BODY_STALL_SECONDS
INCOMING_MAX_BYTES = env.INCOMING_MAX_BYTES  # of bodies that one web process is taking
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10


def _bucket(name: str, *, is_public: bool) -> dict[str, Any]:
    return {
        "BACKEND": "common.files.storages.Bucket",
        "OPTIONS": {
            "bucket_name": name,
            "endpoint_url": S3_ENDPOINT_URL,
            "region_name": env.S3_REGION,
            "access_key": env.S3_ACCESS_KEY_ID,
            "secret_key": env.S3_SECRET_ACCESS_KEY,
            "location": INSTANCE,
            "max_memory_size": 2**20,  # an archive waits on the disk, not in memory
            "querystring_auth": not is_public,
            "custom_domain": None,
        },
    }


STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "common.files.storages.Folder",
        "OPTIONS": {"location": DATA_FOLDER / "media"},
    },
    "media": {
        "BACKEND": "common.files.storages.Folder",
        "OPTIONS": {"location": DATA_FOLDER / "media"},
    },
    "quarantine": {
        "BACKEND": "common.files.storages.Folder",
        "OPTIONS": {"location": DATA_FOLDER / "quarantine"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if S3_ENDPOINT_URL:
    STORAGES["media"] = STORAGES["default"] = _bucket(env.S3_BUCKET_MEDIA, is_public=True)
    STORAGES["quarantine"] = _bucket(env.S3_BUCKET_QUARANTINE, is_public=False)
if env.STATIC_TO_S3:
    STORAGES["staticfiles"] = _bucket(env.S3_BUCKET_STATIC, is_public=True)
    STORAGES["staticfiles"]["BACKEND"] = "common.files.storages.StaticBucket"

# --- Users ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.auth.backends.NameOrEmailBackend"]
PASSWORD_HASHERS = ["accounts.auth.hashers.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "accounts.auth.passwords.MaximumLengthValidator"}]
LOGIN_URL = "admin:login"
ACCESS_TOKEN_SECONDS = 15 * 60
REFRESH_TOKEN_SECONDS = 60 * 86_400
# It has its own path, which the prefix __Host- does not allow.
REFRESH_COOKIE_NAME = f"{'__Secure-' if env.HTTPS_ONLY else ''}{INSTANCE}_refresh"
DEVICE_COOKIE_NAME = f"{_PREFIX}{INSTANCE}_device"
ANILIST_COOKIE_NAME = f"{'__Secure-' if env.HTTPS_ONLY else ''}{INSTANCE}_anilist"
STAFF_SECOND_FACTOR = env.STAFF_SECOND_FACTOR
GUESSES_FREE = env.GUESSES_FREE
GUESS_MAX_DELAY_SECONDS = env.GUESS_MAX_DELAY_SECONDS
GUESSES_FREE_OF_NETWORK = env.GUESSES_FREE_OF_NETWORK
STRIKES_TO_BAN = env.STRIKES_TO_BAN
STRIKE_WINDOW = timedelta(days=env.STRIKE_WINDOW_DAYS)
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]

# --- Mail -------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.DEFAULT_FROM_EMAIL
EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
EMAIL_TIMEOUT = 10
if env.EMAIL_HOST:
    EMAIL_HOST, EMAIL_PORT = env.EMAIL_HOST, env.EMAIL_PORT
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.EMAIL_HOST_USER, env.EMAIL_HOST_PASSWORD
    EMAIL_USE_TLS = env.EMAIL_SECURITY == "starttls"
    EMAIL_USE_SSL = env.EMAIL_SECURITY == "tls"
else:
    EMAIL_BACKEND = "common.mail_folder.MailFolder"
    EMAIL_FILE_PATH = DATA_FOLDER / "mail"
MODERATOR_DIGEST_HOURS = env.MODERATOR_DIGEST

# --- API --------------------------------------------------------------------------------------
THROTTLES = {
    "anon": env.THROTTLE_ANON,
    "user": env.THROTTLE_USER,
    "upload": env.THROTTLE_UPLOAD,
    "auth": env.THROTTLE_AUTH,
    "report": env.THROTTLE_REPORT,
    "avatar": env.THROTTLE_AVATAR,
    "propose": env.THROTTLE_PROPOSE,
    "export": env.THROTTLE_EXPORT,
}
API_MAX_BODY_BYTES = 2**20
OUTBOUND_PORTS = (80, 443)  # of addresses that users name
OUTBOUND_CONTACT = env.OUTBOUND_CONTACT or SITE_URL
OUTBOUND_ALLOW_PRIVATE = env.OUTBOUND_ALLOW_PRIVATE
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.throttles.ScopeThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["common.http.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "common.http.parsers.JsonParser",
        "common.http.parsers.FormParser",
        "common.http.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "common.http.schema.PathSchema",
    "EXCEPTION_HANDLER": "accounts.api.throttles.answer_counted",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": None,  # the renderer writes times, those of cached views as well
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MangaKG",
    "DESCRIPTION": "Publish, moderate, read and track manga, comics, anime and movies.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Sets of choices that several fields share, or whose fields share a name.
    "ENUM_NAME_OVERRIDES": {
        "AniListStateEnum": "tracker.choices.AniListState",
        "CaseStateEnum": "safety.models.CaseState.values",
        "DirectionEnum": "common.choices.Direction",
        "ItemStatusEnum": "tracker.choices.ItemStatus",
        "ItemStatusWordEnum": "tracker.choices.STATUS_CHOICES",
        "JobStateEnum": "common.models.JobState",
        "KindEnum": "catalog.choices.Kind",
        "RatingEnum": "common.choices.Rating",
        "ReasonEnum": "safety.models.Reason.values",
        "RequestStateEnum": "accounts.models.RequestState",
        "StatusEnum": "catalog.choices.Status",
        "SyncDirectionEnum": "tracker.choices.SyncDirection",
        "UploadStateEnum": "reader.states.UploadState",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.http.schema.without_trailing_slashes",
        "common.http.schema.with_refused_bodies",
    ],
}

# --- Sources ----------------------------------------------------------------------------------
# Of the program that the operator has registered at AniList; empty: nobody can connect a list.
ANILIST_CLIENT_ID, ANILIST_CLIENT_SECRET = env.ANILIST_CLIENT_ID, env.ANILIST_CLIENT_SECRET
# What stands in for the addresses of `Source.addresses`; empty: those.
SOURCE_ADDRESSES = env.SOURCE_ADDRESSES | {
    "ANILIST_GRAPHQL_URL": env.ANILIST_GRAPHQL_URL,
    "ANILIST_AUTHORIZE_URL": env.ANILIST_AUTHORIZE_URL,
    "ANILIST_TOKEN_URL": env.ANILIST_TOKEN_URL,
    "MANGADEX_API_URL": env.MANGADEX_API_URL,
    "MANGADEX_UPLOADS_URL": env.MANGADEX_UPLOADS_URL,
    "MANGADEX_REPORT_URL": env.MANGADEX_REPORT_URL,
    "KITSU_API_URL": env.KITSU_API_URL,
    "SOURCE_FOLDER": env.SOURCE_FOLDER,
}
SOURCE_CHAPTERS_BY_TRUSTED = env.SOURCE_CHAPTERS_BY_TRUSTED

# --- Uploads ----------------------------------------------------------------------------------
QUOTAS = {
    "uploads_per_day": env.QUOTA_UPLOADS_PER_DAY,
    "bytes_per_day": env.QUOTA_BYTES_PER_DAY,
    "waiting": env.QUOTA_WAITING,
}
QUOTA_DECODING_SECONDS = env.QUOTA_DECODING_SECONDS_PER_DAY
QUOTA_PROPOSALS_WAITING = env.QUOTA_PROPOSALS_WAITING
GUEST_RATINGS = tuple(env.GUEST_RATINGS)
TRUSTED_REVIEW_PERCENT = env.TRUSTED_REVIEW_PERCENT
BANNED_PICTURES = env.BANNED_PICTURES
BANNED_PICTURE_DISTANCE = env.BANNED_PICTURE_DISTANCE
UPLOAD_LIMITS = {
    "max_archive_bytes": env.UPLOAD_MAX_ARCHIVE_BYTES,
    "max_pages": env.UPLOAD_MAX_PAGES,
    "max_picture_bytes": env.UPLOAD_MAX_PAGE_BYTES,
    "max_picture_pixels": env.UPLOAD_MAX_PAGE_PIXELS,
    "max_inflated_bytes": env.UPLOAD_MAX_INFLATED_BYTES,
    "max_picture_seconds": env.UPLOAD_MAX_DECODE_SECONDS,
}
UPLOAD_MAX_SECONDS = env.UPLOAD_MAX_SECONDS
AVATAR_PUBLIC_AFTER = timedelta(days=env.AVATAR_PUBLIC_AFTER_DAYS)
SUPERSEDED_KEEP = timedelta(days=env.SUPERSEDED_KEEP_DAYS)
TAKEN_DOWN_KEEP = timedelta(days=env.TAKEN_DOWN_KEEP_DAYS)
# How long an approval or rejection can be undone, and the private files are kept for it.
DECISION_UNDO = timedelta(seconds=10)

# --- Languages and time -----------------------------------------------------------------------
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "mangakg.formats"
LANGUAGES = [("en", _("English")), ("ky", _("Kyrgyz")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"  # of the API, which clients turn into their own
SITE_TIME_ZONE = env.MANGAKG_TIME_ZONE

# --- Logs and monitoring ----------------------------------------------------------------------
LOGGING_CONFIG = None
logging_settings(level=env.LOG_LEVEL, as_json=env.LOG_JSON or bool(env.DATABASE_URL))
start_error_reports(dsn=env.SENTRY_DSN, environment=env.SENTRY_ENVIRONMENT)
