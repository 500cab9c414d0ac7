"""Settings of GTS, all from the environment. `.env.example` lists every variable.

With none set this is the *embedded* mode: one process, SQLite, an in-memory broker, files under
``./var``. With ``DATABASE_URL`` and ``REDIS_URL`` it is *production*. There is no third way.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

# Lets classes of Django be written with their types, as in ModelAdmin[User].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_flag(name: str, *, default: bool) -> bool:
    value = env(name).lower()
    if value in ("", "0", "1", "false", "true", "no", "yes"):
        return default if value == "" else value in ("1", "true", "yes")
    raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}")


def env_number(name: str, default: int) -> int:
    value = env(name)
    if value and not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}")
    return int(value) if value else default


def env_list(name: str) -> list[str]:
    return [item for item in env(name).replace(",", " ").split() if item]


def secret_from_file(path: Path) -> str:
    """A secret made once, readable by the owner only. Two processes starting at once agree."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # fails if another process was first: its secret wins
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text().strip()


# Where we are ------------------------------------------------------------------------------------

DATABASE_URL = env("DATABASE_URL")
REDIS_URL = env("REDIS_URL")
if bool(DATABASE_URL) != bool(REDIS_URL):
    raise ImproperlyConfigured(
        "Set both DATABASE_URL and REDIS_URL (production) or neither (embedded)."
    )
IS_EMBEDDED = not DATABASE_URL
IS_TEST = env_flag("GTS_TEST", default="pytest" in sys.modules)

DATA_DIR = Path(env("GTS_DATA_DIR") or BASE_DIR / "var" / ("test" if IS_TEST else "")).resolve()
DEBUG = env_flag("GTS_DEBUG", default=False)

if IS_EMBEDDED:
    SECRET_KEY = env("GTS_SECRET_KEY") or secret_from_file(DATA_DIR / "secrets" / "secret_key")
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env_list("GTS_ALLOWED_HOSTS")]
else:
    # An empty key or host list is refused by the start-up checks in gts.checks.
    SECRET_KEY = env("GTS_SECRET_KEY") or "insecure"
    ALLOWED_HOSTS = env_list("GTS_ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env_list("GTS_CSRF_TRUSTED_ORIGINS")

# Django ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "accounts",
    "jobs",
    "gear",
    "shootouts",
    "gts",
]

# Every middleware here works both ways, so that async views stay on the event loop.
MIDDLEWARE = [
    "gts.request_id.RequestIdMiddleware",
    "gts.security.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "gts.errors.AppErrorMiddleware",
]

ROOT_URLCONF = "gts.urls"
ASGI_APPLICATION = "gts.asgi.application"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "shootout-mine"
LOGOUT_REDIRECT_URL = "home"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Data --------------------------------------------------------------------------------------------


def database_from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
    }


if IS_EMBEDDED:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "gts.sqlite3",
            "OPTIONS": {
                # Take the write lock at BEGIN: a transaction that reads first and writes later
                # cannot be refused half-way, it only waits (up to `timeout` seconds).
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL;",
            },
            # Threads share one file; an in-memory test database would be another code path.
            "TEST": {"NAME": DATA_DIR / f"test-{os.getpid()}.sqlite3"},
        }
    }
else:
    DATABASES = {"default": database_from_url(DATABASE_URL)}

MEDIA_ROOT = DATA_DIR / "media"
STATIC_ROOT = DATA_DIR / "static"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "gts.storage.AtomicFileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if IS_TEST
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if IS_EMBEDDED
    else {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

# Uploads ------------------------------------------------------------------------------------------

GTS_DI_MAX_BYTES = env_number("GTS_DI_MAX_BYTES", 100 * 1024 * 1024)
GTS_DI_MAX_DURATION_S = env_number("GTS_DI_MAX_DURATION_S", 600)
GTS_CAPTURE_MAX_BYTES = env_number("GTS_CAPTURE_MAX_BYTES", 32 * 1024 * 1024)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # larger uploads are streamed to disk
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Limits of a shootout (product vocabulary: 1–8 DI tracks × 2–27 chains).
GTS_MAX_CONTENDERS = env_number("GTS_MAX_CONTENDERS", 27)
GTS_MAX_DI_TRACKS = env_number("GTS_MAX_DI_TRACKS", 8)

# Jobs ---------------------------------------------------------------------------------------------

JOB_HEARTBEAT_S = 20
JOB_LOST_AFTER_S = 120
JOB_MAX_FAILURES = 3
JOB_MAX_LOST = 5  # workers that vanished while running one job; more, and it is the job
JOB_RETRY_DELAYS_S = (30, 120)
JOB_HARD_TIME_LIMIT_S = 2 * 60 * 60
GTS_WORKER_THREADS = env_number("GTS_WORKER_THREADS", max(2, os.cpu_count() or 2))

CELERY_BROKER_URL = "memory://localhost/" if IS_EMBEDDED else REDIS_URL
CELERY_TASK_IGNORE_RESULT = True  # the Job row is the result
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "short"
CELERY_TASK_TIME_LIMIT = JOB_HARD_TIME_LIMIT_S
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A message must stay invisible longer than any task may run, or Redis delivers it twice.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"polling_interval": 0.05} if IS_EMBEDDED else {"visibility_timeout": 3 * 60 * 60}
)

CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    if IS_EMBEDDED
    else {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

# API ----------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # JWT first: its challenge makes an anonymous call a 401 and not a 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "gts.api.JWTAuthentication",
        "gts.api.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # Views that take files say so themselves: accounts.api.parsers.MultiPartParser.
    "DEFAULT_PARSER_CLASSES": ["accounts.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "gts.api.PageNumberPagination",
    "DEFAULT_FILTER_BACKENDS": ["gts.api.FilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "gts.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a filter of ours
}

SIMPLE_JWT = {
    "USER_ID_FIELD": "uuid",
    "USER_ID_CLAIM": "user",
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Guitar Tone Shootout",
    "DESCRIPTION": "Compare guitar tones fairly: captures, chains, shootouts, jobs and media.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gts.schema.document_errors",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "JobState": "jobs.states.JobState",
        "ShootoutState": "shootouts.models.shootout.ShootoutState",
        "SegmentState": "shootouts.models.shootout.SegmentState",
        "FileStatus": "gear.models.item.FileStatus",
        "GearKind": "gear.models.item.GearKind",
        "GearSource": "gear.models.item.GearSource",
        "CaptureFormat": "gear.models.item.CaptureFormat",
        "BlockSlot": "gear.models.chain.Slot",
    },
}

# Security -----------------------------------------------------------------------------------------

SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not IS_EMBEDDED:
    # Behind a proxy that ends TLS and sets X-Forwarded-Proto itself.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env_flag("GTS_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^health/"]
    SECURE_HSTS_SECONDS = env_number("GTS_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

# Logs ---------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("GTS_LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "celery": {"level": env("GTS_LOG_LEVEL", "WARNING")},
    },
}
