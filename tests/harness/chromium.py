"""Where Chromium is, or how to get it."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The path of a browser: what FYNODE_CHROMIUM says, one on PATH, or Playwright's own."""
    candidates = [os.environ.get("FYNODE_CHROMIUM", ""), *NAMES]
    return next(filter(None, map(shutil.which, candidates)), None) or _of_playwright()


def install_chromium() -> str | None:
    """The path of a browser that is installed now; None when none can be had."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(
                ["apt-get", "-qq", *arguments],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    return find_chromium()


def _of_playwright() -> str | None:
    code = (
        "from playwright.sync_api import sync_playwright as start\n"
        "with start() as playwright: print(playwright.chromium.executable_path)"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return shutil.which(asked.stdout.strip())
