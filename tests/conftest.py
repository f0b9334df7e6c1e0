import pytest
from django.conf import settings

pytest_plugins = [
    "tests.harness.guards",
    "tests.harness.stack",
    "tests.harness.browser",
    "tests.harness.web",
    "tests.shops",
]


def pytest_configure(config: pytest.Config) -> None:
    """Passwords are hashed quickly, and pages need no collectstatic."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
