"""Repair what docutils writes and screen readers misread, in each page."""

import re

MENDED = {
    # deprecated roles, which are not allowed on these elements
    ' role="doc-biblioentry"': "",
    ' role="doc-backlink"': "",
    # its children are no list items
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    ' id="exercise-content"': "",  # the same in every exercise of a page
    ' id="solution-content"': "",
    ' id="proof-content"': "",
    '<th class="head"><p></p></th>': "<td></td>",  # a heading that says nothing is none
}


# Sphinx makes a list of definitions of a signature's parameters, in which nothing is defined.
PARAMETERS = re.compile(r'(<span class="sig-paren">\(</span>)\s*<dl>(.*?)</dl>', re.DOTALL)


def without_definitions(found):
    rows = found[2].replace("<dd>", "<div>").replace("</dd>", "</div>")
    return f'{found[1]}<div class="lb-parameters">{rows}</div>'


def mend(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    for written, wanted in MENDED.items():
        body = body.replace(written, wanted)
    context["body"] = PARAMETERS.sub(without_definitions, body)


def setup(app):
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
