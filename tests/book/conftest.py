"""The built site behind a local server, and a browser to look at it."""

import pytest
from playwright.sync_api import sync_playwright

from browser import DIFFERENT, QUIET, chromium, visit
from paths import PAGES, SITE
from serving import served


@pytest.fixture(scope="session")
def site():
    with served(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=[*PAGES, "search"])
def visited(browser, site, request):
    """Each page, loaded once for all that is asked of it: pages in turn in one of two states, and brought to the others."""
    scheme, width = DIFFERENT[request.param_index % len(DIFFERENT)]
    with visit(browser, f"{site}/{request.param}.html", scheme, width) as found:
        yield found
