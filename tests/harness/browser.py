"""A real Chromium, in which a page that reports any trouble fails its test."""

import os
import re
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

from tests.harness.chromium import find_chromium

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = find_chromium()
    if path is None:
        pytest.fail("There is no Chromium: install one, or name one in FYNODE_CHROMIUM.")
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread; Django's queries here are not part of it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=chromium_path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page_problems() -> list[str]:
    """What went wrong in `page`, and must be empty at the end; a test that provokes something
    takes it out."""
    return []


@pytest.fixture
def page(
    browser: Browser, page_problems: list[str], request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page in a browser of its own, as large as a small laptop's."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":  # a broken Content-Security-Policy is one as well
            page_problems.append(f"{message.text} ({message.location.get('url')})")

    def on_page_error(error: Error) -> None:
        page_problems.append(str(error))

    def on_request_failed(failed: Request) -> None:
        # A page that is left gives up the requests that are under way.
        if failed.failure != "net::ERR_ABORTED":
            page_problems.append(f"{failed.url}: {failed.failure}")

    page.on("console", on_console)
    page.on("pageerror", on_page_error)
    page.on("requestfailed", on_request_failed)
    yield page
    if page_problems or request.node.stash.get(FAILED, False):
        _take_picture(page, request)
    context.close()
    assert not page_problems


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


def _take_picture(page: Page, request: pytest.FixtureRequest) -> None:
    cache = request.config.cache
    assert cache
    name = re.sub(r"\W+", "-", request.node.nodeid)
    path = cache.mkdir("screenshots") / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    print(f"The page as it was: {os.path.relpath(path)}")
