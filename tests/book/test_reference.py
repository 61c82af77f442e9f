"""The API reference holds every public name, and chapters link to it where they use one."""

import re

import nbformat
import pytest
from tests.test_docstrings import PUBLIC

import reference
from paths import NOTEBOOKS, ROOT, SITE

ENTRY = re.compile(r'<dt class="sig[^"]*" id="([\w.]+)"')
PAGES = sorted(path.stem for path in ROOT.glob("reference/*.md"))
CHAPTERS = [path.relative_to(ROOT).with_suffix("") for path in NOTEBOOKS]


def html(page) -> str:
    return (SITE / f"{page}.html").read_text()


def entries() -> set[str]:
    return {name for page in PAGES for name in ENTRY.findall(html(f"reference/{page}"))}


def missing(public, listed) -> list[str]:
    """The public names without an entry; a name that two modules hand on needs one."""
    short = {name.rsplit(".", 1)[1] for name in listed}
    return [name for name in public if name not in listed and name.rsplit(".", 1)[1] not in short]


def test_every_public_name_has_an_entry():
    assert missing(PUBLIC, entries()) == []


def test_a_missing_entry_is_noticed():
    listed = {name for name in entries() if not name.endswith(".prove_equal")}
    assert missing(PUBLIC, listed) == ["lossbook.prove_equal"]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "index"])
def test_entries_show_their_source(page):
    found = html(f"reference/{page}")
    assert ENTRY.search(found)
    assert "_modules/lossbook" in found


class Entry:
    def __init__(self, objtype="function", aliased=False):
        self.objtype, self.aliased = objtype, aliased


OBJECTS = {
    "lossbook": Entry("module"),
    "lossbook.numpy": Entry("module"),
    "lossbook.losses": Entry("module"),
    "lossbook.numpy.mse_loss": Entry(),
    "lossbook.torch.mse_loss": Entry(),
    "lossbook.numpy.log_softmax": Entry(),
    "lossbook.exercises.text": Entry(),
    "lossbook.prove_equal": Entry(),
    "lossbook.losses.Loss": Entry("class"),
    "lossbook.losses.Loss.derivation": Entry("method"),
    "lossbook.losses._loss.Loss": Entry("class", aliased=True),
}


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("prove_equal", "lossbook.prove_equal"),
        ("Loss", "lossbook.losses.Loss"),
        ("Loss.derivation", "lossbook.losses.Loss.derivation"),
        ("derivation", None),  # a member needs its class
        ("mse_loss", None),  # two of that name
        ("nothing", None),
    ],
)
def test_code_in_a_docstring_leads_to_what_it_names(name, full):
    assert reference.unique(name, OBJECTS) == full


@pytest.mark.parametrize(
    ("code", "full"),
    [
        ("lossbook.numpy", "lossbook.numpy"),
        ("lossbook.torch.mse_loss", "lossbook.torch.mse_loss"),
        ("mse_loss", "lossbook.numpy.mse_loss"),
        ("prove_equal()", "lossbook.prove_equal"),
        ("shown", "lossbook.exercises.text"),
        ("text", None),  # a word, where the page does not import it
        ("log_softmax", None),
        ("lossbook", None),
    ],
)
def test_code_in_the_prose_leads_to_what_it_names(code, full):
    assert reference.target_of(code, {"shown": "lossbook.exercises.text"}, OBJECTS) == full


def test_imports_are_read_with_their_other_names():
    sources = [
        "import numpy as np\nfrom lossbook import losses\n",
        "%magic",
        "import lossbook.numpy",
    ]
    sources.append(
        "from lossbook.numpy import (\n    mse_loss as mine,\n)\nfrom lossbook.notation import p"
    )
    found = reference.imports_of(sources)
    assert reference.documented(found, OBJECTS | {"lossbook.notation.p": Entry()}) == {
        "lossbook": "lossbook",
        "losses": "lossbook.losses",
        "lossbook.numpy": "lossbook.numpy",
        "mine": "lossbook.numpy.mse_loss",
    }


def cell(tokens: str, tags: str = "") -> str:
    source = "".join(
        f'<span class="{"o" if token == "." else "n"}">{token}</span>' for token in tokens.split()
    )
    return f'<div class="cell {tags} docutils"><div class="cell_input docutils"><pre>{source}</pre></div></div>'


def links(body: str) -> str:
    """The HTML with its links, in short: [mse] for a linked name."""
    found = reference.link_code(body, {"mse": "lossbook.numpy.mse_loss"}, lambda full: f"#{full}")
    short = re.sub(
        r'<a class="lb-api" href="#lossbook.numpy.mse_loss"[^>]*>(.*?)</a>', r"[\1]", found
    )
    return re.sub(r"<[^>]+>", " ", short).replace("[ ", "[").replace(" ]", "]").split().__str__()


def test_a_name_is_linked_once_and_in_an_open_cell():
    assert (
        links(cell("mse", "tag_hide-input") + cell("a mse mse")) == "['mse', 'a', '[mse]', 'mse']"
    )
    assert links(cell("mse", "tag_hide-input") + cell("a")) == "['[mse]', 'a']"


def test_an_attribute_and_an_output_are_not_linked():
    assert links(cell("np . mse") + '<span class="n">mse</span>') == "['np', '.', 'mse', 'mse']"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_chapter_links_what_it_imports(chapter):
    cells = nbformat.read(ROOT / chapter.with_suffix(".ipynb"), as_version=4).cells
    hidden = {"remove-cell", "remove-input"}
    shown = [
        c.source
        for c in cells
        if c.cell_type == "code" and not hidden & set(c.metadata.get("tags", []))
    ]
    listed = dict.fromkeys(entries(), None)
    wanted = set(reference.documented(reference.imports_of(shown), listed).values())
    linked = set(re.findall(r'class="lb-api"[^>]*title="([\w.]+)"', html(chapter)))
    assert wanted - linked == set()
