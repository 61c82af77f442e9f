"""Measure each page of the built site in Chromium, 1280 pixels wide, and write the table of pages.

PYTHONPATH=tests/book python tools/pages.py

A page takes 1 minute for 200 words of prose, half a minute for each displayed formula and each line
of a derivation, and 3 minutes for each exercise. Solutions and folded code stay folded, as a reader
finds them: neither their words nor their height count. Only listings that scroll sideways are
sought in them as well.
"""

from __future__ import annotations

import argparse
import re
import sys

import yaml
from playwright.sync_api import Page, sync_playwright

from browser import QUIET, chromium, visit
from paths import PAGES, ROOT, SITE
from serving import served

TABLE = ROOT / "tests" / "book" / "data" / "pages.md"
WIDTH = 1280
COLUMNS = ("minutes", "height", "figures", "interactive", "scrolling", "badges")
HEADER = """Each page as a reader meets it at a width of 1280 pixels, measured by `make pages`:
minutes to read it, height of the article in pixels, figures, how many of them are interactive,
listings that scroll sideways, badges of evidence.

"""

GRADIENTS = "Losses and their gradients"
STUDENTS_PATH = ("Start here", GRADIENTS, "Focal loss")
HEIGHT = 16_000  # pixels; no page that a student reads is higher
TOLERANCE = 0.05  # of heights and minutes, for fonts differ

# Runs in the page.
MEASURE = r"""
async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  const article = document.querySelector(".bd-article");
  const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const playgrounds = [...article.querySelectorAll(".lb-playground")];
  const drawn = () => playgrounds.every((box) => box.querySelector(".lb-play"));
  for (let tries = 0; tries < 200 && !drawn(); tries++) await later(50);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (let moving; (moving = document.getAnimations()).length; )
    for (const change of moving) change.finish();

  const visible = (element) => element.checkVisibility({ checkVisibilityCSS: true });
  const all = (selector) => [...article.querySelectorAll(selector)].filter(visible);
  const count = (selector) => all(selector).length;
  const clipped = (element) => getComputedStyle(element).clipPath !== "none";

  const NO_PROSE = `pre, script, style, svg, button, .headerlink, .math, mjx-container,
    .lb-derivation, .lb-playground`;
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  let words = 0;
  for (let node; (node = texts.nextNode()); ) {
    const element = node.parentElement;
    if (element.closest(NO_PROSE) || !visible(element)) continue;
    words += node.data.match(/[\p{L}\p{N}]\S*/gu)?.length ?? 0;
  }

  const PICTURE = "figure, img, .lb-playground";
  const found = {
    words,
    formulas: all('mjx-container[display="true"]').filter((it) => !it.closest(".lb-step")).length,
    steps: count(".lb-step"),
    exercises: count("div.exercise"),
    height: Math.round(article.getBoundingClientRect().height),
    figures: all(PICTURE).filter((picture) => !picture.parentElement.closest(PICTURE)).length,
    interactive: count(".lb-playground"),
    badges: all(".lb-evidence, .lb-badge > summary").filter((badge) => !clipped(badge)).length,
  };

  const folds = [...article.querySelectorAll("details:not([open])")];
  const solutions = [...article.querySelectorAll(".toggle-hidden")];
  const tabs = [...article.querySelectorAll(".sd-tab-content")];
  for (const fold of folds) fold.open = true;
  for (const solution of solutions) solution.classList.remove("toggle-hidden");
  for (const tab of tabs) tab.style.display = "block";
  const wide = (code) => code.clientWidth && code.scrollWidth > code.clientWidth + 1;
  found.scrolling = [...article.querySelectorAll("pre")].filter(wide).length;
  for (const fold of folds) fold.open = false;
  for (const solution of solutions) solution.classList.add("toggle-hidden");
  for (const tab of tabs) tab.style.display = "";
  return found;
}
"""


def measure(page: Page) -> dict[str, int]:
    """The row of a page that is 1280 pixels wide, by the names of the columns."""
    found = page.evaluate(MEASURE)
    lines = found["formulas"] + found["steps"]
    found["minutes"] = round(found["words"] / 200 + lines / 2 + 3 * found["exercises"])
    return {column: found[column] for column in COLUMNS}


def pages_of(*captions: str) -> list[str]:
    """The pages of these parts of the book."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    known = {part["caption"]: [chapter["file"] for chapter in part["chapters"]] for part in parts}
    return [page for caption in captions for page in known[caption]]


def faults(page: str, row: dict[str, int]) -> list[str]:
    """What is wrong with a page that students read."""
    found = []
    if page in pages_of(*STUDENTS_PATH):
        if row["height"] > HEIGHT:
            found.append(f"{page} is {row['height']} pixels high, more than {HEIGHT}")
        if row["scrolling"]:
            found.append(f"{page} has {row['scrolling']} listings that scroll sideways")
    if page in pages_of(GRADIENTS):
        if row["figures"] < 2:
            found.append(f"{page} has {row['figures']} figures, fewer than 2")
        if not row["interactive"]:
            found.append(f"{page} has no interactive figure")
    return found


def stale(page: str, row: dict[str, int], table: dict[str, dict[str, int]]) -> list[str]:
    """Where the table says something else than was measured."""
    if page not in table:
        return [f"{page} is not in the table: run `make pages`"]
    found = []
    for column, value in row.items():
        written = table[page][column]
        near = column in ("height", "minutes")
        if abs(value - written) > (max(1, TOLERANCE * written) if near else 0):
            found.append(
                f"{column} of {page}: {value}, and in the table {written}: run `make pages`"
            )
    return found


def write(table: dict[str, dict[str, int]]) -> str:
    rows = [
        ["page", *COLUMNS],
        ["---"] + ["--:"] * len(COLUMNS),
        *([page, *(str(row[column]) for column in COLUMNS)] for page, row in table.items()),
    ]
    return HEADER + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def read(text: str) -> dict[str, dict[str, int]]:
    rows = re.findall(r"^\| (\S+) \| (\d[\d |]*) \|$", text, re.MULTILINE)
    return {
        page: dict(zip(COLUMNS, map(int, numbers.split(" | ")), strict=True))
        for page, numbers in rows
    }


def measure_site() -> dict[str, dict[str, int]]:
    table = {}
    with served(SITE) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        for page in PAGES:
            with visit(browser, f"{site}/{page}.html", width=WIDTH) as found:
                table[page] = measure(found.page)
        browser.close()
    return table


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    missing = [page for page in PAGES if not (SITE / f"{page}.html").exists()]
    if missing:
        sys.exit(f"not built: {', '.join(missing)}")
    table = measure_site()
    TABLE.write_text(write(table))
    print(TABLE.read_text())
    for page, row in table.items():
        for fault in faults(page, row):
            print(fault)


if __name__ == "__main__":
    main()
