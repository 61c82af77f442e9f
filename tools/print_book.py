"""Print the book's single page with Chromium, as a tagged PDF with bookmarks, and check it.

python tools/print_book.py _build/singlehtml/index.html book.pdf [--only chapters/sigmoid ...]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
from pathlib import Path
from unicodedata import normalize

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject, TextStringObject

ROOT = Path(__file__).parents[1]
FOOTER = (
    '<div style="font: 8pt serif; width: 100%; text-align: center">'
    '<span class="pageNumber"></span></div>'
)
TEXT = re.compile(
    rb"\bBT\b.*?\bET\b", re.DOTALL
)  # what writes text, between all that draws formulas

# Leaves the chapters that were asked for, before their formulas are drawn.
CHOOSE = """addEventListener("DOMContentLoaded", () => {
  const only = ONLY;
  for (const chapter of document.querySelectorAll('span[id^="document-"]'))
    if (!only.includes(chapter.id.slice("document-".length))) chapter.nextElementSibling.remove();
})"""

# Every solution open, every folded cell too; no link to a file on this machine.
# Tells the titles of the chapters, and what is still TeX once the formulas are drawn.
PREPARE = r"""async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  const each = (selector, change) => document.querySelectorAll(selector).forEach(change);
  each("#jb-print-toc h2", (title) => (title.textContent = "Contents"));
  each("details", (details) => (details.open = true));
  each(".toggle-hidden", (box) => box.classList.remove("toggle-hidden"));
  each('a[href]:not([href^="#"], [href^="http"])', (link) => link.removeAttribute("href"));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const raw = [];
  for (let node; (node = texts.nextNode()); )
    if (
      /\\[a-zA-Z]{2,}|\\[()\[\]]|\$[^$\n]+\$/.test(node.data) &&
      !node.parentElement.closest("pre, code, script, style, mjx-container")
    )
      raw.push(node.data.trim().slice(0, 60));
  each('mjx-merror, [data-mml-node="merror"]', (node) => raw.push(node.textContent));
  const titles = document.querySelectorAll('span[id^="document-"] + section > :is(h1, h2)');
  return { titles: [...titles].map((title) => title.firstChild.textContent.trim()), raw };
}"""


def print_pdf(
    page_path: Path, pdf: Path, only: tuple[str, ...] = ()
) -> tuple[list[str], list[str]]:
    """Print the page to `pdf`. Returns the titles of its chapters, and what was left as TeX."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(600_000)
        page.emulate_media(media="print", color_scheme="light")
        if only:
            page.add_init_script(CHOOSE.replace("ONLY", json.dumps(only)))
        page.goto(page_path.resolve().as_uri(), wait_until="load")
        contents = page.evaluate(PREPARE)
        page.pdf(
            path=pdf,
            format="A4",
            margin={"top": "20mm", "bottom": "22mm", "left": "20mm", "right": "20mm"},
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            tagged=True,
            outline=True,
        )
        browser.close()
    _describe(pdf)
    return contents["titles"], contents["raw"]


def _describe(pdf: Path) -> None:
    book = yaml.safe_load((ROOT / "CITATION.cff").read_text())["preferred-citation"]
    writer = PdfWriter(clone_from=pdf)
    _mend_outline(writer.root_object["/Outlines"])
    authors = ", ".join(author["name"] for author in book["authors"])
    writer.add_metadata(
        {"/Title": book["title"], "/Author": authors, "/Subject": "The gradients of losses, proved"}
    )
    writer.write(pdf)


def _mend_outline(parent) -> None:
    """Chromium doubles the title of a heading that it moved to the next page."""
    entry = parent.get("/First")
    while entry:
        title = entry["/Title"]
        half = len(title) // 2
        if title[:half] == title[half:]:
            entry.get_object()[NameObject("/Title")] = TextStringObject(title[:half])
        _mend_outline(entry)
        entry = entry.get("/Next")


def faults(pdf: Path, titles: list[str], least_pages: int = 1) -> list[str]:
    """One line for each thing that the PDF lacks or has too much."""
    reader = PdfReader(pdf)
    catalog, text = reader.trailer["/Root"], [text_of(page) for page in reader.pages]
    outline = iter(entry.title for entry in _flat(reader.outline))
    found = [
        f"no bookmark, or not in its place: {title}" for title in titles if title not in outline
    ]
    found += [
        f"not in the text: {title}" for title in titles if not any(title in page for page in text)
    ]
    found += [
        f"page {n} has no number"
        for n, page in enumerate(text, 1)
        if not re.search(rf"(?<!\d){n}(?!\d)", page)
    ]
    found += [
        f"page {n} links {uri}"
        for n, uri in _links(reader)
        if not uri.startswith(("http:", "https:"))
    ]
    if len(reader.pages) < least_pages:
        found.append(f"{len(reader.pages)} pages, expected at least {least_pages}")
    if not catalog.get("/MarkInfo", {}).get("/Marked"):
        found.append("not tagged")
    if not (reader.metadata and reader.metadata.title and reader.metadata.author):
        found.append("no title and author")
    return found


def text_of(page) -> str:
    """The text of a page. Its formulas are drawings, which pypdf would spend minutes on."""
    text = DecodedStreamObject()
    contents = page.get_contents()
    text.set_data(b"" if contents is None else b"\n".join(TEXT.findall(contents.get_data())))
    page[NameObject("/Contents")] = text
    return normalize("NFKC", page.extract_text())  # ligatures taken apart


def _links(reader: PdfReader):
    for number, page in enumerate(reader.pages, 1):
        for annotation in page.get("/Annots", []):
            uri = annotation.get_object().get("/A", {}).get("/URI")
            if uri:
                yield number, uri


def _flat(outline):
    for entry in outline:
        yield from _flat(entry) if isinstance(entry, list) else [entry]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("pdf", type=Path)
    parser.add_argument("--only", nargs="*", default=())
    arguments = parser.parse_args()
    arguments.pdf.parent.mkdir(parents=True, exist_ok=True)
    titles, raw = print_pdf(arguments.page, arguments.pdf, tuple(arguments.only))
    found = [f"not typeset: {text}" for text in raw]
    found += faults(arguments.pdf, titles, 1 if arguments.only else 50)
    if found:
        arguments.pdf.unlink()
        raise SystemExit("\n".join(found))
    print(f"{len(PdfReader(arguments.pdf).pages)} pages: {arguments.pdf}")


if __name__ == "__main__":
    main()
