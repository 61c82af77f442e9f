"""Run the cells of a page in its worker: what IPython does elsewhere, as far as the book needs."""

import ast
import builtins
import importlib
import io
import json
import linecache
import sys
import time
import traceback
from functools import cache

from cell_names import Names

LIMIT = 200_000  # characters that one cell may print
PAUSE = 0.05  # seconds between two messages of one stream, lest an endless loop drown the page


class Printed:
    """What a cell prints to stdout and stderr, in order: sent in pieces, at most LIMIT."""

    def __init__(self, send):
        self.send = send
        self.name, self.parts, self.sent, self.last = "", [], 0, 0.0

    def write(self, name, text):
        if name != self.name:
            self.flush()
        self.name = name
        self.parts.append(text)
        if text.endswith("\n") and time.monotonic() - self.last > PAUSE:
            self.flush()

    def flush(self):
        text, self.parts = "".join(self.parts), []
        if not text or self.sent > LIMIT:
            return
        room = LIMIT - self.sent
        self.sent += len(text)
        self.last = time.monotonic()
        if len(text) > room:
            text = text[:room] + "\n(the rest is left out)\n"
        self.send({"type": "stream", "name": self.name, "text": text})


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of a cell."""

    def __init__(self, name, printed):
        self.name_in_page, self.printed = name, printed

    def writable(self):
        return True

    def write(self, text):
        self.printed.write(self.name_in_page, text)
        return len(text)

    def flush(self):
        self.printed.flush()


def bundle(value):
    """How a value shows: {"html"|"svg"|"latex": ...} where it can, and always "text"."""
    found = {"text": repr(value)}
    figure = sys.modules.get("matplotlib.figure")
    if figure and isinstance(value, figure.Figure):
        return found | {"svg": as_svg(value)}
    for kind in ("html", "svg", "latex"):
        method = getattr(value, f"_repr_{kind}_", None)
        shown = method() if callable(method) and not isinstance(value, type) else None
        if shown:
            return found | {kind: shown}
    return found


def as_svg(figure):
    out = io.StringIO()
    figure.savefig(out, format="svg", bbox_inches="tight")
    return out.getvalue()[out.getvalue().index("<svg") :]


@cache
def names_of(source):
    """The names that a cell reads and binds: none if it is no Python."""
    try:
        return Names(ast.parse(source).body)
    except (SyntaxError, ValueError):
        return Names()


def needs_of(cells):
    """Of each cell, a name and a source: the cells that bind last, above it, what it reads.

    Where it reads a function, what the function reads counts too.
    """
    binder, late, found = {}, {}, {}
    for cell, source in cells:
        names = names_of(source)
        needed, todo = {}, set(names.read)
        while todo:
            name = todo.pop()
            if name in binder and name not in needed:
                needed[name] = binder[name]
                todo |= late.get(name, set())
        found[cell] = needed
        for name in names.bound:
            binder[name] = cell
            late[name] = names.late.get(name, set())
    return found


class Kernel:
    """One namespace, in which cells run one after the other.

    send: takes each output, a dict, as it comes. loadable: top-level modules that are not there
    yet, but can be loaded.
    """

    def __init__(self, send, loadable=()):
        self.send, self.loadable = send, set(loadable)
        self.names = {"__name__": "__main__", "__builtins__": builtins, "display": self.display}
        self.binder = {}  # of each name: the cell that bound it last
        self.ran = {}  # of each cell that came to its end: its version then
        self.versions = {}  # of each cell and its source, as planned last

    def display(self, *values):
        for value in values:
            sys.stdout.flush()
            self.send({"type": "display", **bundle(value)})

    def plan(self, cells):
        """Which cells to run, in order, so that the last shows what it would show after all others.

        cells: their names and sources, from the top of the page on. Left out are those that the
        last does not need, and those that have run as they are now and whose names still stand.
        """
        needs = needs_of(cells)
        version = {}  # it changes with the source of a cell and of all that it needs
        for cell, source in cells:
            version[cell] = hash((source, *sorted((n, version[o]) for n, o in needs[cell].items())))
        self.versions = {(cell, source): version[cell] for cell, source in cells}
        due, more = set(), {cells[-1][0]}
        while more - due:
            due |= more
            binder = dict(self.binder)
            for cell, source in cells:
                if cell in due:
                    more |= {
                        other
                        for name, other in needs[cell].items()
                        if self.ran.get(other) != version[other] or binder.get(name) != other
                    }
                    binder |= dict.fromkeys(names_of(source).bound, cell)
        return [cell for cell, _ in cells if cell in due]

    def run(self, source, name):
        """Run a cell and show its last expression.

        Returns "done", "failed", or "needs" with a module to load before another try.
        """
        self.ran.pop(name, None)
        self.binder |= dict.fromkeys(names_of(source).bound, name)
        file = f"<{name}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        before = sys.stdout, sys.stderr
        printed = Printed(self.send)
        sys.stdout, sys.stderr = Stream("stdout", printed), Stream("stderr", printed)
        try:
            body = ast.parse(source, file)
            last = None
            if (
                body.body
                and isinstance(body.body[-1], ast.Expr)
                and not source.rstrip().endswith(";")
            ):
                last = ast.Expression(body.body.pop().value)
            exec(compile(body, file, "exec"), self.names)
            if last is not None:
                value = eval(compile(last, file, "eval"), self.names)
                if value is not None:
                    self.names["_"] = value
                    self.display(value)
            self._open_figures()
            self.ran[name] = self.versions.get((name, source))
            return "done"
        except BaseException as error:
            missing = error.name if isinstance(error, ModuleNotFoundError) else None
            if missing in self.loadable:
                self.loadable.remove(missing)
                return f"needs {missing}"
            printed.flush()
            self.send(described(error, file))
            return "failed"
        finally:
            printed.flush()
            sys.stdout, sys.stderr = before

    def _open_figures(self):
        """Show what a cell drew with pyplot, as a notebook does."""
        plt = sys.modules.get("matplotlib.pyplot")
        for number in plt.get_fignums() if plt else ():
            self.display(plt.figure(number))
            plt.close(number)


def described(error, file):
    """An error as the page shows it: message, line in the cell, traceback from the cell on."""
    trace = traceback.TracebackException.from_exception(error, max_group_depth=2)
    frames = [n for n, frame in enumerate(trace.stack) if frame.filename == file]
    trace.stack = traceback.StackSummary.from_list(trace.stack[frames[0] :] if frames else [])
    line = trace.stack[0].lineno if frames else getattr(error, "lineno", None)
    return {
        "type": "error",
        "name": type(error).__name__,
        "message": str(error),
        "line": line,
        "traceback": "".join(
            trace.format(colorize=False) if sys.version_info >= (3, 13) else trace.format()
        ),
    }


def call(module, function, arguments):
    """Call a function of our own package with arguments as JSON, and give its result as JSON."""
    return json.dumps(getattr(importlib.import_module(module), function)(*json.loads(arguments)))
