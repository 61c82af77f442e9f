"""Repair what docutils writes and screen readers misread, in each page."""

MENDED = {
    # both roles are deprecated in ARIA 1.3, and not allowed on these elements
    ' role="doc-biblioentry"': "",
    ' role="doc-backlink"': "",
    # its children are no list items
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    ' id="exercise-content"': "",  # the same in every exercise of a page
    ' id="solution-content"': "",
    ' id="proof-content"': "",
    '<th class="head"><p></p></th>': "<td></td>",  # a heading that says nothing is none
}


def mend(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    for written, wanted in MENDED.items():
        body = body.replace(written, wanted)
    context["body"] = body


def setup(app):
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
