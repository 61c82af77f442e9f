"""The directive `cite-this-book`: BibTeX and a line of text, from CITATION.cff."""

from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective


def name(author):
    return author.get("name") or f"{author['family-names']}, {author['given-names']}"


def reference(cff, address):
    """The `preferred-citation` of CITATION.cff as fields, with its version and address."""
    book = cff["preferred-citation"]
    fields = {
        "title": book["title"],
        "author": " and ".join(name(author) for author in book["authors"]),
        "year": str(book["year"]),
        "edition": f"Version {cff['version']}",
        "url": address,
    }
    return {key: value for key, value in fields.items() if value}


def bibtex(fields, key="losses-derived"):
    braces = {"title": "{{%s}}", "author": "{{%s}}" if "," not in fields["author"] else "{%s}"}
    rows = (
        f"  {field:7} = {braces.get(field, '{%s}') % value},\n" for field, value in fields.items()
    )
    return f"@book{{{key},\n{''.join(rows)}}}"


def sentence(fields):
    end = f" {fields['url']}" if "url" in fields else ""
    return f"{fields['author']} ({fields['year']}). {fields['title']}. {fields['edition']}.{end}"


class CiteThisBook(SphinxDirective):
    def run(self):
        path = Path(self.env.srcdir) / "CITATION.cff"
        self.env.note_dependency(str(path))
        fields = reference(yaml.safe_load(path.read_text()), self.config.html_baseurl)
        blocks = []
        for language, text in (("text", sentence(fields)), ("bibtex", bibtex(fields))):
            blocks.append(nodes.literal_block(text, text, language=language))
        return blocks


def setup(app):
    app.add_directive("cite-this-book", CiteThisBook)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
