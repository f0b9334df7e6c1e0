"""Loaded before the settings (see `-p` in pyproject): what a test run must not share with a demo.

Every run has a directory of its own, its own keys, and no Redis but the one a fixture starts.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

for name in [name for name in os.environ if name.startswith("FYNODE_")]:
    if name != "FYNODE_CHROMIUM":
        del os.environ[name]

VAR_DIR = Path(tempfile.mkdtemp(prefix="fynode-test-"))
atexit.register(shutil.rmtree, VAR_DIR, ignore_errors=True)
(VAR_DIR / "static").mkdir()  # whitenoise warns if there is none
os.environ |= {
    "FYNODE_VAR_DIR": str(VAR_DIR),
    "FYNODE_ENV_FILE": os.devnull,
    "FYNODE_SECRET_KEY": "only-for-tests",
    "FYNODE_CREDENTIALS_KEYS": Fernet.generate_key().decode(),
    # Nobody listens there: what needs Redis asks for the fixture `valkey`.
    "FYNODE_REDIS_URL": "redis://127.0.0.1:1/0",
}
