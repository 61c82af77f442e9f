"""Which names Python code reads and binds. Both the build and the page's own Python use it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

# Methods that change what they are called on: those of a container, called as a statement of their
# own (np.sort(x) in an expression changes nothing), and the draws of a generator.
CHANGE = set("add append clear discard extend insert pop remove reverse sort update".split())
DRAW = set("choice integers normal permutation random shuffle standard_normal uniform".split())


class Names(ast.NodeVisitor):
    """The names that statements bind, and those they read before, also inside their functions.

    What changes the value of a name in place, as far as it is plain to see, reads and binds it.
    """

    def __init__(self, statements: Iterable[ast.AST] = ()):
        self.bound: set[str] = set()
        self.read: set[str] = set()
        self.late: dict[str, set[str]] = {}  # what each function reads when it is called
        for statement in statements:
            self.visit(statement)

    def in_order(self, *nodes) -> None:
        for node in nodes:
            for one in node if isinstance(node, list) else [node]:
                if one is not None:
                    self.visit(one)

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)
        elif node.id not in self.bound:
            self.read.add(node.id)

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            self._changed(node)

    visit_Attribute = visit_Subscript

    def visit_Expr(self, node):
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and getattr(node.value.func, "attr", "") in CHANGE:
            self._changed(node.value.func)

    def visit_Call(self, node):
        self.generic_visit(node)
        if getattr(node.func, "attr", "") in DRAW and isinstance(node.func.value, ast.Name):
            self._changed(node.func)

    def _changed(self, node: ast.AST) -> None:
        """The value of the name at the head of x[...] or x.y has changed."""
        while isinstance(node, (ast.Subscript, ast.Attribute)):
            node = node.value
        if isinstance(node, ast.Name):
            self.bound.add(node.id)

    def visit_Assign(self, node):
        self.in_order(node.value, node.targets)

    def visit_NamedExpr(self, node):
        self.in_order(node.value, node.target)

    def visit_AugAssign(self, node):
        self.in_order(
            ast.Name(node.target.id, ast.Load()) if isinstance(node.target, ast.Name) else None
        )
        self.in_order(node.value, node.target)

    def visit_For(self, node):
        self.in_order(node.iter, node.target, node.body, node.orelse)

    def visit_alias(self, node):
        self.bound.add((node.asname or node.name).partition(".")[0])

    def visit_arg(self, node):
        self.bound.add(node.arg)

    def visit_FunctionDef(self, node):
        self.in_order(node.decorator_list, node.args.defaults, node.args.kw_defaults)
        self.bound.add(node.name)
        self.late[node.name] = self._inside(node.args, node.body)

    def visit_Lambda(self, node):
        self._inside(node.args, node.body)

    def visit_ClassDef(self, node):
        self._inside(node.bases, node.body)
        self.bound.add(node.name)

    def visit_GeneratorExp(self, node):
        loops = [part for g in node.generators for part in (g.iter, g.target, *g.ifs)]
        self._inside(
            loops, *([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        )

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp

    def _inside(self, *nodes) -> set[str]:
        """What a function or a comprehension binds stays in it; what it reads is returned."""
        inner = Names()
        inner.in_order(*nodes)
        self.read |= inner.read - self.bound
        return inner.read
