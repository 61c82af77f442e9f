"""The directive {exercise-widget} NAME: an exercise with its question and folded hints.

Without JavaScript the page shows these and how to judge an answer in Python. A script finds the
element by its class, `lossbook-exercise`, and its data: `data-exercise`, the name, and
`data-steps`, whether lines are handed in.
"""

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from lossbook import exercises


class exercise_widget(nodes.General, nodes.Element):
    """The place of an exercise on a page."""


class exercise_hint(nodes.General, nodes.Element):
    """A hint, folded; its number is `number`."""


class ExerciseWidget(SphinxDirective):
    """Shows the exercise of that name; with :no-question: the page has asked already."""

    required_arguments = 1
    option_spec = {"no-question": directives.flag}  # noqa: RUF012 (docutils wants it on the class)

    def run(self):
        try:
            exercise = exercises.get(self.arguments[0])
        except KeyError as error:
            raise self.error(error.args[0]) from None
        widget = exercise_widget(name=exercise.name, steps=exercise.by_steps)
        if "no-question" not in self.options:
            widget += self.parse_text_to_nodes(exercise.question)
        for number, text in enumerate(exercise.hints, 1):
            widget += exercise_hint("", *self.parse_text_to_nodes(text), number=number)
        call = "judge_steps([...])" if exercise.by_steps else 'judge("...")'
        code = f'exercises.get("{exercise.name}").{call}'
        widget += nodes.container(
            "", nodes.literal_block(code, code, language="python"), classes=["lb-without-script"]
        )
        return [widget]


def visit_widget(self, node):
    steps = "true" if node["steps"] else "false"
    self.body.append(
        self.starttag(
            node,
            "div",
            CLASS="lossbook-exercise",
            **{"data-exercise": node["name"], "data-steps": steps},
        )
    )


def visit_hint(self, node):
    self.body.append(f'<details class="lb-hint"><summary>Hint {node["number"]}</summary>')


def ignore(self, node):
    pass


def setup(app):
    app.add_node(
        exercise_widget,
        html=(visit_widget, lambda self, node: self.body.append("</div>\n")),
        text=(ignore, ignore),
        latex=(ignore, ignore),
    )
    app.add_node(
        exercise_hint,
        html=(visit_hint, lambda self, node: self.body.append("</details>\n")),
        text=(ignore, ignore),
        latex=(ignore, ignore),
    )
    app.add_directive("exercise-widget", ExerciseWidget)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
