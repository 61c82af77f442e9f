"""A full stop stays on the line of the formula before it, where a browser might break."""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

MARKS = re.compile(r"[.,;:!?)’”]+")


class KeepMarksWithFormulas(SphinxPostTransform):
    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        for formula in list(self.document.findall(nodes.math)):
            after = formula.next_node(nodes.Text, descend=False, siblings=True)
            place = formula.parent.index(formula)
            if after is None or formula.parent.index(after) != place + 1:
                continue
            if marks := MARKS.match(after):
                together = nodes.inline("", "", classes=["lb-together"])
                formula.parent.replace(after, nodes.Text(after[marks.end() :]))
                formula.replace_self(together)
                together += [formula, nodes.Text(marks.group())]


def setup(app):
    app.add_post_transform(KeepMarksWithFormulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
