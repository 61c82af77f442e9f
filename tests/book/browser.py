"""What a reader's browser finds wrong with a page. Real pages and planted faults go through the same function."""

from __future__ import annotations

import os
import shutil
from urllib.parse import urlsplit

from playwright.sync_api import Browser

QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

# Runs in the page once MathJax is done; gives one line for each fault.
EXAMINE = r"""
async () => {
  if (window.MathJax?.startup?.promise) await window.MathJax.startup.promise;
  await document.fonts.ready;
  const found = [];
  const article = document.querySelector(".bd-article") ?? document.body;
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
  const hidden = (element) => ["hidden", "clip"].includes(getComputedStyle(element).overflowX);
  if (document.scrollingElement.scrollWidth > innerWidth + 1)
    found.push(`page is ${document.scrollingElement.scrollWidth} wide`);
  for (const element of article.querySelectorAll("*")) {
    if (element.closest("svg, mjx-assistive-mml")?.contains(element) && element.tagName !== "svg") continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height <= 1) continue;
    let inside = false;
    for (let up = element.parentElement; up && up !== article.parentElement; up = up.parentElement) inside ||= scrolls(up);
    if (!inside && box.right > innerWidth + 1) found.push(`sticks out of the page: ${show(element)}`);
    if (element.matches(".math") && hidden(element)) {
      const drawn = element.querySelector("svg")?.getBoundingClientRect();
      if (drawn && drawn.right > box.right + 2 && !scrolls(element.querySelector("mjx-container")))
        found.push(`cut off: ${show(element)} ${element.textContent.trim().slice(0, 40)}`);
    }
  }

  const rgba = (text) => (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const over = ([r, g, b, a = 1], ground) => [r, g, b].map((c, n) => c * a + ground[n] * (1 - a));
  const ground = (element) => {
    const own = rgba(getComputedStyle(element).backgroundColor);
    if ((own[3] ?? 1) === 1) return own.slice(0, 3);
    return over(own, element.parentElement ? ground(element.parentElement) : [255, 255, 255]);
  };
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
    let opacity = a;
    for (let up = element; up; up = up.parentElement) opacity *= Number(getComputedStyle(up).opacity);
    const [light, dark] = [luminance(over([r, g, b, opacity], behind)), luminance(behind)].sort((m, n) => n - m);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5;
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < least) faint.add(`contrast ${contrast.toFixed(1)}: ${show(element)} ${node.data.trim().slice(0, 30)}`);
  }
  return [...found, ...faint];
}
"""


def chromium() -> str:
    """The browser the tests use: Debian's Chromium, or the one named by CHROMIUM."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not found:
        raise RuntimeError("no Chromium found: apt-get install chromium, or set CHROMIUM to its path")
    return found


def examine(browser: Browser, url: str, *, scheme: str = "light", width: int = 1280, plant: str = "") -> list[str]:
    """One line for each thing wrong with the page at `url`: its mathematics, requests, console, width, contrast.

    plant: HTML put at the end of the article before the browser sees it, for testing this function.
    """
    found: list[str] = []
    here = urlsplit(url).netloc
    context = browser.new_context(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 900}
    )
    page = context.new_page()

    def handle(route):
        target = urlsplit(route.request.url)
        if target.scheme in ("data", "blob"):
            route.continue_()
        elif target.netloc != here:
            found.append(f"external request: {route.request.url}")
            route.abort()
        elif plant and route.request.url == url:
            response = route.fetch()
            route.fulfill(response=response, body=response.text().replace("</article>", f"{plant}</article>", 1))
        else:
            route.continue_()

    page.route("**/*", handle)
    page.on(
        "console", lambda m: found.append(f"console {m.type}: {m.text}") if m.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: found.append(f"page error: {error}"))
    page.on("response", lambda r: found.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    try:
        # long pages take half a minute to typeset on a machine that does other things as well
        page.goto(url, wait_until="networkidle", timeout=120_000)
        page.wait_for_load_state("load", timeout=120_000)  # the network may be idle while scripts wait their turn
        theme = page.evaluate("document.documentElement.dataset.theme")
        if theme != scheme:
            found.append(f"theme is {theme}, not {scheme}")
        found += page.evaluate(EXAMINE)
    finally:
        context.close()
    return found
