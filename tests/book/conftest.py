"""The built site behind a local server, and a browser to look at it."""

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import sync_playwright

from browser import DIFFERENT, QUIET, chromium, visit
from paths import PAGES, SITE


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder as static hosts do: what is not there gets 404.html."""

    def log_message(self, *arguments):
        pass

    def send_error(self, code, *arguments):
        page = SITE / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.exists():
            super().send_error(code, *arguments)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="session")
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=SITE))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


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
