"""A reader of one page: uses its buttons, and notes every request that leaves the site. The network is closed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, expect

from browser import PATIENCE

FIRST, LATER = 20, 2  # seconds that an output may take: with Python still to load, and after


def queued() -> dict[str, tuple[int, int]]:
    """Of each thread of this process's browsers: nanoseconds on a core, and nanoseconds it waited for one."""
    found = {}
    for schedstat in Path("/proc").glob("[0-9]*/task/[0-9]*/schedstat"):
        try:
            if _is_ours(schedstat.parts[2]):
                ran, waited, _ = map(int, schedstat.read_text().split())
                found[str(schedstat)] = ran, waited
        except OSError:  # it has just ended
            continue
    return found


def _is_ours(pid: str) -> bool:
    while pid not in ("0", "1"):
        if pid == str(os.getpid()):
            return True
        pid = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[1]
    return False


@contextmanager
def timed() -> Iterator[SimpleNamespace]:
    """What was done inside took `elapsed` seconds; for `waited` of them its busiest thread waited for a core: that is
    other work on this machine, not ours."""
    spent = SimpleNamespace()
    before, start = queued(), perf_counter()
    yield spent
    spent.elapsed, after = perf_counter() - start, queued()
    threads = [
        (ran - before.get(t, (0, 0))[0], waited - before.get(t, (0, 0))[1])
        for t, (ran, waited) in after.items()
    ]
    spent.waited = max(threads)[1] / 1e9


@contextmanager
def within(seconds: float):
    """What is done inside must be done in time, waiting for a core left out."""
    with timed() as spent:
        yield
    elapsed, waited = spent.elapsed, spent.waited
    assert elapsed - waited <= seconds, (
        f"took {elapsed:.1f} s, of which {waited:.1f} waiting for a core, not {seconds}"
    )


class Reader:
    def __init__(self, browser: Browser, site: str, path: str, **settings):
        self.context = browser.new_context(reduced_motion="reduce", **settings)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.requests: list[str] = []
        self.outside: list[str] = []
        self.faults: list[str] = []
        self.host = urlsplit(site).netloc
        self.context.route("**/*", self._handle)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        self.page.goto(f"{site}/{path}", wait_until="networkidle")
        self.page.evaluate(
            "document.querySelectorAll('details.hide').forEach((fold) => (fold.open = true))"
        )

    def _handle(self, route):
        target = urlsplit(route.request.url)
        if target.scheme in ("data", "blob") or target.netloc == self.host:
            self.requests.append(target.path)
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def cells(self) -> Locator:
        return self.page.locator(".cell:has(.lb-cell-tools)")

    def cell(self, text: str) -> Locator:
        """The first cell whose code has the text."""
        return self.cells().filter(has=self.page.locator(".cell_input", has_text=text)).first

    @property
    def kernel(self) -> Locator:
        return self.page.locator(".lb-kernel")

    def close(self) -> None:
        self.context.close()


def press(cell: Locator, name: str) -> None:
    cell.get_by_role("button", name=f"{name} cell").click()


def state(cell: Locator) -> Locator:
    return cell.locator(".lb-cell-state")


def expect_state(cell: Locator, expected: str) -> None:
    expect(state(cell)).to_have_attribute("data-state", expected)


def rewrite(reader: Reader, cell: Locator, source: str) -> None:
    """Open the editor of a cell and type other code."""
    press(cell, "Edit")
    editor = cell.get_by_role("textbox")
    expect(editor).to_be_focused()
    reader.page.keyboard.press("Control+a")
    reader.page.keyboard.insert_text(source)
