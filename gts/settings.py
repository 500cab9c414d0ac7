"""Settings of GTS, all from the environment and `.env`. `.env.example` lists every variable.

With none set this is the *embedded* mode: one process, SQLite, an in-memory broker, files under
``./var``. With ``DATABASE_URL`` and ``REDIS_URL`` it is *production*. There is no third way.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

from gts.api_settings import AUTH_PASSWORD_VALIDATORS as AUTH_PASSWORD_VALIDATORS
from gts.api_settings import REST_FRAMEWORK as REST_FRAMEWORK
from gts.api_settings import SIMPLE_JWT as SIMPLE_JWT
from gts.api_settings import SOCIAL_AUTH_PIPELINE as SOCIAL_AUTH_PIPELINE
from gts.api_settings import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from gts.api_settings import cors_settings
from gts.environment import (
    data_folder,
    env,
    env_choice,
    env_flag,
    env_hosts,
    env_list,
    env_number,
    env_numbers,
    env_origins,
    env_path,
    env_url,
    new_secret_key,
    new_token_key,
    read_env_file,
    secret_from_file,
)
from gts.ops.logs import logging_settings
from gts.service_settings import (
    caches,
    channel_layer,
    database_from_url,
    embedded_database,
    media_storage,
    redirect_from,
    redirect_origins,
    s3_options,
)
from jobs.pipeline.versions import VERSION

# Lets classes of Django be written with their types, as in ModelAdmin[User].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# Where we are ------------------------------------------------------------------------------------

IS_TEST = "pytest" in sys.modules
if not IS_TEST:
    _env_file = env_path("GTS_ENV_FILE", base=BASE_DIR)
    read_env_file(_env_file or BASE_DIR / ".env", is_required=_env_file is not None)

DATABASE_URL = env_url("DATABASE_URL", "postgresql", "postgres")
REDIS_URL = env_url("REDIS_URL", "redis", "rediss", "unix")
if bool(DATABASE_URL) != bool(REDIS_URL):
    raise ImproperlyConfigured(
        "Set both DATABASE_URL and REDIS_URL (production) or neither (embedded)."
    )
IS_EMBEDDED = not DATABASE_URL

_usual_data_dir = BASE_DIR / "var" / ("test" if IS_TEST else "")
DATA_DIR = (env_path("GTS_DATA_DIR", base=BASE_DIR) or _usual_data_dir).resolve()
DEBUG = env_flag("GTS_DEBUG", default=False)

if IS_EMBEDDED:
    data_folder(DATA_DIR)
    SECRETS_DIR = DATA_DIR / "secrets"
    SECRET_KEY = env("GTS_SECRET_KEY") or secret_from_file(
        SECRETS_DIR / "secret_key", new_secret_key
    )
    GTS_TOKEN_KEYS = (
        env_list("GTS_TOKEN_KEYS")
        or secret_from_file(SECRETS_DIR / "token_keys", new_token_key).split()
    )
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env_hosts("GTS_ALLOWED_HOSTS")]
else:
    # An empty key or host list is refused by the start-up checks in gts.checks.
    SECRET_KEY = env("GTS_SECRET_KEY") or "insecure"
    GTS_TOKEN_KEYS = env_list("GTS_TOKEN_KEYS")
    ALLOWED_HOSTS = env_hosts("GTS_ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env_origins("GTS_CSRF_TRUSTED_ORIGINS")
# Embedded: who seems to be at this machine is its operator, without the owner's token.
GTS_OPEN = env_flag("GTS_OPEN", default=False)

# Proxies of one's own before this, each of which appends to X-Forwarded-For what it saw.
GTS_TRUSTED_PROXIES = env_number("GTS_TRUSTED_PROXIES", 0 if IS_EMBEDDED else 1)

# Django ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts.admin_apps.OperatorAdminConfig",
    "accounts",  # before auth: its createsuperuser is the stricter one
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "gts.static_apps.GtsStaticFilesConfig",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "social_django",
    "jobs",
    "gear",
    "shootouts",
    "gts",
]

# Every middleware here works both ways: for async views, which stay on the event loop, and for the
# others, which share one thread with it (gts.handler).
MIDDLEWARE = [
    "gts.web.request_id.RequestIdMiddleware",
    "gts.web.headers.SecurityHeadersMiddleware",
    "gts.web.headers.PrivateAnswersMiddleware",
    "gts.web.rate_limits.RateLimitHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "gts.web.rate_limits.PageLimitMiddleware",
    "gts.errors.AppErrorMiddleware",
    "accounts.tone3000.login.LoginErrorMiddleware",
]
globals().update(cors_settings(INSTALLED_APPS, MIDDLEWARE))

ROOT_URLCONF = "gts.urls"
ASGI_APPLICATION = "gts.asgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.login.passwords.LoginLimitBackend",
    "django.contrib.auth.backends.ModelBackend",
    "accounts.tone3000.oauth.Tone3000OAuth2",
]
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
                "jobs.context_processors.notifications",
            ],
            "libraries": {"display": "gts.web.display"},
        },
    },
]

# Data --------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": embedded_database(DATA_DIR, is_test=IS_TEST)
    if IS_EMBEDDED
    else database_from_url(DATABASE_URL)
}

# Of a web process: connections to PostgreSQL (0: no bound), and how long one is waited for.
GTS_DATABASE_POOL = env_number("GTS_DATABASE_POOL", 20)
GTS_DATABASE_POOL_WAIT_S = env_number("GTS_DATABASE_POOL_WAIT_S", 5)
MEDIA_ROOT = DATA_DIR / "media"
STATIC_ROOT = DATA_DIR / "static"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Files in a bucket; credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
GTS_STORAGE = env("GTS_STORAGE")
# Players fetch media from the bucket itself; an address when browsers know it by another one.
GTS_MEDIA_REDIRECT, _public_endpoint = redirect_from(env("GTS_MEDIA_REDIRECT"), GTS_STORAGE)
GTS_MEDIA_REDIRECT_S = env_number("GTS_MEDIA_REDIRECT_S", 300)
GTS_MEDIA_ORIGINS = (
    redirect_origins(s3_options(GTS_STORAGE), _public_endpoint) if GTS_MEDIA_REDIRECT else []
)
STORAGES: dict[str, dict[str, Any]] = {
    "default": media_storage(GTS_STORAGE, _public_endpoint, folder=MEDIA_ROOT),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if IS_TEST
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
# Maps are for who looks into the source of a library, and are the largest files of all.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]

CACHES = caches(REDIS_URL)

# Uploads ------------------------------------------------------------------------------------------

GTS_DI_MAX_BYTES = env_number("GTS_DI_MAX_BYTES", 100 * 1024 * 1024)
GTS_DI_MAX_DURATION_S = env_number("GTS_DI_MAX_DURATION_S", 600)
GTS_CAPTURE_MAX_BYTES = env_number("GTS_CAPTURE_MAX_BYTES", 32 * 1024 * 1024)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # larger uploads are streamed to disk
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "gts.request_gate.TidyUploadHandler",
]

# An archive with a shootout and its media: as it comes, and all that it says is in it.
GTS_IMPORT_MAX_BYTES = env_number("GTS_IMPORT_MAX_BYTES", 256 * 1024 * 1024)
GTS_IMPORT_MAX_UNPACKED_BYTES = env_number("GTS_IMPORT_MAX_UNPACKED_BYTES", 1024 * 1024 * 1024)

# Of a web process: requests at work, how long others wait for their turn, and all that are open.
GTS_MAX_REQUESTS = max(env_number("GTS_MAX_REQUESTS", 16), 1)
GTS_REQUEST_QUEUE_S = env_number("GTS_REQUEST_QUEUE_S", 3)
GTS_MAX_OPEN_REQUESTS = max(env_number("GTS_MAX_OPEN_REQUESTS", 1000), 1)
# Files that are arriving there, and of one user; how long a body may pause, and take in all.
GTS_MAX_UPLOADS = env_number("GTS_MAX_UPLOADS", 16)
GTS_MAX_UPLOADS_PER_USER = env_number("GTS_MAX_UPLOADS_PER_USER", 4)
# Files of one user whose upload has begun and has not ended.
GTS_MAX_OPEN_UPLOADS = max(env_number("GTS_MAX_OPEN_UPLOADS", 100), 1)
GTS_BODY_IDLE_S = env_number("GTS_BODY_IDLE_S", 20)
GTS_BODY_TOTAL_S = env_number("GTS_BODY_TOTAL_S", 1800)
# Computed audio that is kept to be used again; the longest unused goes first.
GTS_CACHE_MAX_BYTES = env_number("GTS_CACHE_MAX_BYTES", 5 * 1024**3)

# Limits of a shootout (product vocabulary: 1–8 DI tracks × 2–27 chains).
GTS_MAX_CONTENDERS = env_number("GTS_MAX_CONTENDERS", 27)
GTS_MAX_DI_TRACKS = env_number("GTS_MAX_DI_TRACKS", 8)
# Drafts of shootouts that one user may keep; 0: any number.
GTS_MAX_DRAFTS = env_number("GTS_MAX_DRAFTS", 100)

# Of one user: renders under way at once, and more that wait for their turn.
GTS_MAX_RUNNING_RENDERS = env_number("GTS_MAX_RUNNING_RENDERS", 2)
GTS_MAX_WAITING_RENDERS = env_number("GTS_MAX_WAITING_RENDERS", 20)

# Of one user: bytes kept (DI tracks, captures, rendered files), and renders queued in 24 hours.
# 0: any number. Who has the machine to themselves is not limited.
_IS_SHARED = not IS_EMBEDDED and not IS_TEST
GTS_QUOTA_STORAGE_BYTES = env_number("GTS_QUOTA_STORAGE_BYTES", _IS_SHARED * 20 * 1024**3)
GTS_QUOTA_RENDERS_PER_DAY = env_number("GTS_QUOTA_RENDERS_PER_DAY", _IS_SHARED * 200)

# How often the API may be asked, and pages; 0: any number. By user, or by address without one.
GTS_RATE_USER_PER_MIN = env_number("GTS_RATE_USER_PER_MIN", _IS_SHARED * 1200)
GTS_RATE_UPLOADS_PER_HOUR = env_number("GTS_RATE_UPLOADS_PER_HOUR", _IS_SHARED * 2000)
GTS_RATE_ANONYMOUS_PER_MIN = env_number("GTS_RATE_ANONYMOUS_PER_MIN", _IS_SHARED * 600)
GTS_RATE_TOKENS_PER_MIN = env_number("GTS_RATE_TOKENS_PER_MIN", _IS_SHARED * 60)
# Comments that one person may write or change within an hour.
GTS_COMMENTS_PER_HOUR = env_number("GTS_COMMENTS_PER_HOUR", 30)
# WebSockets that one user may have open at once; 0: any number.
GTS_MAX_SOCKETS_PER_USER = env_number("GTS_MAX_SOCKETS_PER_USER", 20)

# Jobs ---------------------------------------------------------------------------------------------

JOB_HEARTBEAT_S = env_number("GTS_JOB_HEARTBEAT_S", 20)
JOB_LOST_AFTER_S = env_number("GTS_JOB_LOST_AFTER_S", 120)
JOB_SWEEP_S = env_number("GTS_JOB_SWEEP_S", 30)
JOB_STRANDED_AFTER_S = env_number("GTS_JOB_STRANDED_AFTER_S", 20)
JOB_MAX_FAILURES = 3
# Workers that vanished while running one job; more, and it is the job.
JOB_MAX_LOST = env_number("GTS_JOB_MAX_LOST", 5)
# The longest pause before the second try, and before the third.
JOB_RETRY_DELAYS_S = env_numbers("GTS_JOB_RETRY_DELAYS_S", (30, 120))
# Small work goes first, until someone was passed over for so long.
JOB_PATIENCE_S = env_number("GTS_JOB_PATIENCE_S", 15 * 60)
JOB_HARD_TIME_LIMIT_S = 2 * 60 * 60
# From the wish to stop to the end of the process. Less than what sends SIGKILL waits (Docker: 10).
GTS_STOP_GRACE_S = env_number("GTS_STOP_GRACE_S", 5)
GTS_WORKER_THREADS = env_number("GTS_WORKER_THREADS", max(2, os.cpu_count() or 2))

CELERY_BROKER_URL = "memory://localhost/" if IS_EMBEDDED else REDIS_URL
CELERY_TASK_IGNORE_RESULT = True  # the Job row is the result
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
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

CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL)}

# Touched by a worker or beat that lives and reaches the database: for bin/check_health.
GTS_ALIVE_FILE = str(env_path("GTS_ALIVE_FILE", base=BASE_DIR) or "")

# Maintenance -------------------------------------------------------------------------------------

# Jobs that ended longer ago are forgotten; 0 keeps them all.
GTS_KEEP_JOBS_DAYS = env_number("GTS_KEEP_JOBS_DAYS", 90)
# Files that no row names are left alone so long: one may be on its way.
GTS_ORPHAN_GRACE_HOURS = env_number("GTS_ORPHAN_GRACE_HOURS", 24)
# Previews of chains that no one asked for again in so long are forgotten.
GTS_KEEP_PREVIEWS_HOURS = env_number("GTS_KEEP_PREVIEWS_HOURS", 24)
# Drafts that no one has changed in so long are forgotten; 0 keeps them all.
GTS_KEEP_DRAFTS_DAYS = env_number("GTS_KEEP_DRAFTS_DAYS", 90)

# Where backups go, once a day, and how many of them stay. Empty: none are made.
GTS_BACKUP_DIR = str(env_path("GTS_BACKUP_DIR", base=BASE_DIR) or "")
GTS_BACKUP_KEEP = max(env_number("GTS_BACKUP_KEEP", 7), 1)

# Security -----------------------------------------------------------------------------------------

SESSION_ENGINE = "accounts.sessions.store"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Whether the admin asks operators for a second factor.
GTS_ADMIN_TWO_FACTOR = env_flag("GTS_ADMIN_TWO_FACTOR", default=_IS_SHARED)
CSRF_FAILURE_VIEW = "gts.errors.csrf_failure"
if not IS_EMBEDDED:
    if GTS_TRUSTED_PROXIES:  # one that ends TLS and sets X-Forwarded-Proto itself
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env_flag("GTS_SSL_REDIRECT", default=True)
    if SECURE_SSL_REDIRECT:
        # Browsers take such a cookie by https only, for this host alone, and from it alone.
        SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
    SECURE_HSTS_SECONDS = env_number("GTS_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

# For /metrics. Without it only operators of the embedded mode see them, by their session.
GTS_METRICS_TOKEN = env("GTS_METRICS_TOKEN")

# Tone 3000 ----------------------------------------------------------------------------------------

# For development: a fake server that `manage.py up` starts beside GTS. Refused in production.
GTS_FAKE_TONE3000 = env_flag("GTS_FAKE_TONE3000", default=False)
GTS_FAKE_TONE3000_PORT = env_number("GTS_FAKE_TONE3000_PORT", 9300, most=65535)
GTS_DEMO_DIR = BASE_DIR / "shootouts" / "demo"  # what the fake server offers beside its own data
if GTS_FAKE_TONE3000:
    # By another name than GTS itself has, so that the browser keeps the two apart.
    GTS_TONE3000_ORIGIN = f"http://localhost:{GTS_FAKE_TONE3000_PORT}"
    GTS_TONE3000_KEY = "t3k_pub_fake"
else:
    GTS_TONE3000_ORIGIN = "https://www.tone3000.com"
    GTS_TONE3000_KEY = env("GTS_TONE3000_KEY")

# Where the server calls.
GTS_TONE3000_API = env("GTS_TONE3000_API", f"{GTS_TONE3000_ORIGIN}/api/v1").rstrip("/")
# Where browsers are sent to log in: in Docker it has another name than for the server.
GTS_TONE3000_AUTHORIZE_URL = env("GTS_TONE3000_AUTHORIZE_URL") or (
    f"{GTS_TONE3000_ORIGIN}/api/v1/oauth/authorize"
)
# Where else files of theirs may be: redirects lead there, and no token goes along.
GTS_TONE3000_DOWNLOAD_HOSTS = [
    *(env_list("GTS_TONE3000_DOWNLOAD_HOSTS") or ["api.tone3000.com"]),
    *(["localhost", "127.0.0.1"] if GTS_FAKE_TONE3000 else []),
]
# Searching their whole catalog needs an agreement with them; without one it is not offered.
GTS_TONE3000_SEARCH = env_flag("GTS_TONE3000_SEARCH", default=False)
GTS_USER_AGENT = f"GTS/{VERSION} (guitar tone shootout, self-hosted)"

SOCIAL_AUTH_TONE3000_KEY = GTS_TONE3000_KEY
SOCIAL_AUTH_TONE3000_SECRET = ""  # a public client: there is none, and none may be sent
SOCIAL_AUTH_TONE3000_AUTHORIZATION_URL = GTS_TONE3000_AUTHORIZE_URL
SOCIAL_AUTH_TONE3000_ACCESS_TOKEN_URL = f"{GTS_TONE3000_API}/oauth/token"
# Shows a bar with a way back; without it no one could cancel.
SOCIAL_AUTH_TONE3000_AUTH_EXTRA_ARGUMENTS = {"menubar": "true"}
SOCIAL_AUTH_LOGIN_ERROR_URL = "login"
SOCIAL_AUTH_REDIRECT_IS_HTTPS = not IS_EMBEDDED and SECURE_SSL_REDIRECT
SOCIAL_AUTH_REQUESTS_TIMEOUT = 10
SOCIAL_AUTH_USER_AGENT = GTS_USER_AGENT

# Logs ---------------------------------------------------------------------------------------------

LOG_FORMAT = env_choice("GTS_LOG_FORMAT", ("plain", "json"), "plain" if IS_EMBEDDED else "json")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# Empty: as much as fits the mode, and `manage.py up` keeps it off the console.
LOG_LEVEL = env_choice("GTS_LOG_LEVEL", _LOG_LEVELS, "")

LOGGING = logging_settings(level=LOG_LEVEL, is_embedded=IS_EMBEDDED)
