"""What docutils writes and screen readers stumble over, mended in each page."""

import re

MENDED = {
    ' role="doc-biblioentry"': "",  # both roles are deprecated in ARIA 1.3, and not allowed on these elements
    ' role="doc-backlink"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',  # its children are no list items
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
