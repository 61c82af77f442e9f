"""What a reader's browser finds wrong with a page. Real pages and planted faults go through the same function."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

STATES = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]
DIFFERENT = [("light", 1280), ("dark", 390)]  # in which each theme and each width is seen
HEIGHT = 900
COMPLAINTS = ("error", "warning")
PATIENCE = 300_000  # milliseconds after which a test gives up waiting, on a machine that does other things as well
expect.set_options(timeout=PATIENCE)

# Runs in the page; gives one line for each fault, once MathJax is done and nothing moves any more.
EXAMINE = r"""
async () => {
  if (window.MathJax?.startup?.promise) await window.MathJax.startup.promise;
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (let moving; (moving = document.getAnimations()).length; ) for (const change of moving) change.finish();
  const found = [];
  const article = document.querySelector(".bd-article") ?? document.body;
  const once = (f) => {
    const known = new Map();
    return (element) => known.get(element) ?? known.set(element, f(element)).get(element);
  };
  const show = (element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}">`;

  for (const math of document.querySelectorAll(".math"))
    if (!math.querySelector("mjx-container")) found.push(`not typeset: ${math.textContent.trim().slice(0, 60)}`);
  for (const node of document.querySelectorAll('mjx-merror, [data-mml-node="merror"]'))
    found.push(`MathJax error: ${node.getAttribute("data-mjx-error") ?? node.textContent}`);
  for (const node of document.querySelectorAll('mjx-container [data-mml-node="mtext"][fill="red"]'))
    found.push("MathJax does not know a macro");

  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const tex = /\\[a-zA-Z]{2,}|\\[()\[\]]|\$[^$\n]+\$|\$\$/;
  for (let node; (node = texts.nextNode()); ) {
    const element = node.parentElement;
    if (element.closest("pre, code, script, style, svg, mjx-container")) continue;
    if (tex.test(node.data)) found.push(`raw TeX: ${node.data.trim().slice(0, 60)}`);
  }

  const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  const inScrolling = once((element) => {
    const up = element.parentElement;
    return element !== article && (scrolls(up) || inScrolling(up));
  });
  const hidden = (element) => ["hidden", "clip"].includes(getComputedStyle(element).overflowX);
  if (document.scrollingElement.scrollWidth > innerWidth + 1)
    found.push(`page is ${document.scrollingElement.scrollWidth} wide`);
  for (const element of article.querySelectorAll("svg, :not(svg *, mjx-assistive-mml, mjx-assistive-mml *)")) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height <= 1) continue;
    if (!inScrolling(element) && box.right > innerWidth + 1) found.push(`sticks out of the page: ${show(element)}`);
    if (element.matches(".math") && hidden(element)) {
      const drawn = element.querySelector("svg")?.getBoundingClientRect();
      if (drawn && drawn.right > box.right + 2 && !scrolls(element.querySelector("mjx-container")))
        found.push(`cut off: ${show(element)} ${element.textContent.trim().slice(0, 40)}`);
    }
  }

  const rgba = (text) => (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const over = ([r, g, b, a = 1], ground) => [r, g, b].map((c, n) => c * a + ground[n] * (1 - a));
  const ground = once((element) => {
    const own = rgba(getComputedStyle(element).backgroundColor);
    if ((own[3] ?? 1) === 1) return own.slice(0, 3);
    return over(own, element.parentElement ? ground(element.parentElement) : [255, 255, 255]);
  });
  const opacity = once(
    (element) => getComputedStyle(element).opacity * (element.parentElement ? opacity(element.parentElement) : 1)
  );
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = new Set();
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = words.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, svg, mjx-container, noscript, dialog, .headerlink")) continue;
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const style = getComputedStyle(element);
    const behind = ground(element);
    const [r, g, b, a = 1] = rgba(style.color);
    const [light, dark] = [luminance(over([r, g, b, a * opacity(element)], behind)), luminance(behind)].sort((m, n) => n - m);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5;
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < least) faint.add(`contrast ${contrast.toFixed(1)}: ${show(element)} ${node.data.trim().slice(0, 30)}`);
  }
  return [...found, ...faint];
}
"""


def chromium() -> str:
    """The browser the tests use: the one named by CHROMIUM, or Debian's, best the one that draws no windows."""
    found = (
        os.environ.get("CHROMIUM")
        or shutil.which("chromium-headless-shell")
        or shutil.which("chromium")
    )
    if not found:
        raise RuntimeError(
            "no Chromium found: apt-get install chromium, or set CHROMIUM to its path"
        )
    return found


class Visit:
    """A reader's first view of a page, and then of the same page in another width or scheme."""

    def __init__(self, page: Page, url: str):
        self.page = page
        self.first: list = []  # what the first view took, mathematics drawn; later views may take more
        self.responses: list = []
        self.faults: list[str] = []
        own = re.escape("{0.scheme}://{0.netloc}/".format(urlsplit(url)))
        page.route(re.compile(f"^(?!{own}|data:|blob:)"), self._refuse)
        page.on(
            "console",
            lambda m: (
                self.faults.append(f"console {m.type}: {m.text}") if m.type in COMPLAINTS else None
            ),
        )
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("response", self._note)

    def _refuse(self, route) -> None:
        self.faults.append(f"external request: {route.request.url}")
        route.abort()

    def _note(self, response) -> None:
        self.responses.append(response)
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def examine(self, scheme: str, width: int) -> list[str]:
        """One line for each thing wrong with the page: its mathematics, requests, console, width, contrast."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.emulate_media(color_scheme=scheme)
        self.page.wait_for_function(
            "(scheme) => document.documentElement.dataset.theme === scheme", arg=scheme
        )
        found = self.page.evaluate(EXAMINE)
        return [*self.faults, *found]


@contextmanager
def visit(
    browser: Browser, url: str, scheme: str = "light", width: int = 1280, plant: str = ""
) -> Iterator[Visit]:
    """The page at `url`, loaded, its mathematics drawn.

    plant: HTML put at the end of the article before the browser sees it, for testing what a visit finds.
    """
    context = browser.new_context(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": HEIGHT}
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    found = Visit(page, url)

    def put(route) -> None:
        response = route.fetch()
        route.fulfill(
            response=response, body=response.text().replace("</article>", f"{plant}</article>", 1)
        )

    if plant:
        page.route(url, put)
    try:
        page.goto(url, wait_until="networkidle")
        page.wait_for_load_state("load")  # the network may be idle while scripts wait their turn
        page.evaluate("async () => { await window.MathJax?.startup?.promise }")
        theme = page.evaluate("document.documentElement.dataset.theme")
        if theme not in (scheme, None):
            found.faults.append(f"theme is {theme}, not {scheme}")
        found.first = [*found.responses]
        yield found
    finally:
        context.close()
