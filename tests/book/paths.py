"""Where the book lies, and which pages it has."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
NOTEBOOKS = sorted([*ROOT.glob("*.ipynb"), *ROOT.glob("chapters/*.ipynb")])


def pages_of_toc() -> list[str]:
    """Each page of _toc.yml, without its suffix, in reading order."""

    def walk(node):
        if isinstance(node, dict):
            yield from (value for key, value in node.items() if key in ("root", "file"))
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                yield from walk(child)

    return list(walk(yaml.safe_load((ROOT / "_toc.yml").read_text())))


PAGES = pages_of_toc()
