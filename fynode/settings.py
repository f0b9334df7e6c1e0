"""All settings. Every one that differs between places is read from the environment.

Variables that are not in the environment are read from the file `FYNODE_ENV_FILE` names (by
default `var/env`, which `bin/demo` writes), so that `manage.py` commands join a running demo.
Without either, Fynode runs on SQLite and a Redis on this machine; a value that cannot be
understood refuses to start. README has the table.
"""

from pathlib import Path
from urllib.parse import quote

import environ
from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key
from kombu import Exchange, Queue

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
VAR_DIR = Path(env.str("FYNODE_VAR_DIR", str(BASE_DIR / "var")))
ENV_FILE = Path(env.str("FYNODE_ENV_FILE", str(VAR_DIR / "env")))
if ENV_FILE.is_file():
    environ.Env.read_env(ENV_FILE)

DEBUG = env.bool("FYNODE_DEBUG", False)
# Without a configured key each process makes its own: nobody can stay signed in, nothing is unsafe.
SECRET_KEY = env.str("FYNODE_SECRET_KEY", "") or get_random_secret_key()
CREDENTIALS_KEYS = env.list("FYNODE_CREDENTIALS_KEYS", default=[])
ALLOWED_HOSTS = env.list("FYNODE_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("FYNODE_CSRF_TRUSTED_ORIGINS", default=[])
REDIS_URL = env.str("FYNODE_REDIS_URL", "redis://127.0.0.1:6379/0")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_filters",
    "django_htmx",
    "eshops",
    "orders",
    "sync",
    "fynode",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "fynode.answers.not_stored",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "fynode.urls"
WSGI_APPLICATION = "fynode.wsgi.application"
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

DATABASES = {
    "default": env.db_url("DATABASE_URL", f"sqlite:///{quote(str(VAR_DIR / 'db.sqlite3'))}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Without IMMEDIATE a read-then-write transaction loses against another writer at once.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "orders:list"
LOGOUT_REDIRECT_URL = "sign_in"

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("FYNODE_TIME_ZONE", "Europe/Prague")
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Where Fynode is reached through https (a proxy that sets X-Forwarded-Proto), say so.
HTTPS = env.bool("FYNODE_HTTPS", False)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
# Celery closes the database connection around every task unless it may be reused.
CELERY_DB_REUSE_MAX = 500
# Each queue has an exchange of its own: left out, all share the default one and every message
# goes to all of them.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name) for name in ("click", "bulk", "import")
]
CELERY_TASK_DEFAULT_QUEUE = "bulk"
CELERY_BEAT_SCHEDULE = {
    "resume-stalled": {
        "task": "sync.tasks.resume_stalled",
        "schedule": 10.0,
        "options": {"queue": "click", "expires": 10},
    },
    "load-data": {
        "task": "sync.tasks.start_due_loads",
        "schedule": 600.0,
        "options": {"queue": "click", "expires": 600},
    },
    "import": {
        "task": "sync.tasks.start_due_imports",
        "schedule": 60.0,
        "options": {"queue": "click", "expires": 60},
    },
    "hand-over": {
        "task": "sync.tasks.hand_over_due",
        "schedule": 60.0,
        "options": {"queue": "bulk", "expires": 60},
    },
    "forget-payloads": {
        "task": "sync.tasks.forget_old_payloads",
        "schedule": 86_400.0,
        "options": {"queue": "bulk", "expires": 86_400},
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# How long what e-shops said about orders is kept for applying changed settings; 0 keeps nothing.
PAYLOAD_DAYS = env.int("FYNODE_PAYLOAD_DAYS", 365)

# A lane whose worker died is taken up again when its lease has run out.
LANE_LEASE_SECONDS = env.float("FYNODE_LANE_LEASE_SECONDS", 15.0)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"refusals": {"()": "fynode.answers.Refusals"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"django.request": {"filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": env.str("FYNODE_LOG_LEVEL", "INFO")},
}
