"""Exercises are numbered on each page from 1: Sphinx would count through the book."""

from sphinx.transforms.post_transforms import SphinxPostTransform


class NumberOnEachPage(SphinxPostTransform):
    default_priority = 1  # before references are given their texts

    def run(self, **kwargs):
        for kinds in self.env.toc_fignumbers.values():
            if found := kinds.get("exercise"):
                order = sorted(found, key=found.get)
                kinds["exercise"] = {label: (n,) for n, label in enumerate(order, 1)}


def setup(app):
    app.add_post_transform(NumberOnEachPage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
