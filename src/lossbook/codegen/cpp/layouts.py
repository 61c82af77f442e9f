"""The four kinds of kernels, as data: their memory layout, the logits they accept, and their C++.

row-major: the logits of one row are adjacent in memory. class-major: the logits of one class, for
neighbouring rows, are adjacent, as in images with the class axis first, or in a block of short rows
that was transposed. A loss of single outputs is class-major with one class.

general: for all logits. bounded: for logits within a bound, so that nothing overflows and no
maximum is needed. `b` is the row of a block; in bounded class-major kernels it is a vector of
neighbouring rows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Layout:
    """One kind of kernel.

    Attributes:
        class_major: Whether the logits of one class are adjacent, and not those of one row.
        bounded: Whether the logits must be within a bound.
        each: The C++ type of what is computed for each class.
        row: The C++ type of what is computed once for a row.
        index: The C++ type of class numbers.
        rows: The loop over rows; "" where a kernel computes one row.
        block: How many iterations that loop has at most, in C++.
        templates: The C++ of the operations that differ between layouts, by name.
        driver: The declaration of an input that the driver passes, by its role.
    """

    class_major: bool
    bounded: bool
    each: str
    row: str
    index: str
    rows: str
    block: str
    templates: dict[str, str]
    driver: dict[str, str]

    @property
    def vectors(self) -> bool:
        """Whether values are vectors of neighbouring rows."""
        return self.rows == "vectors"


DRIVER = {
    "logits": "const real *{0} = in->logits",
    "array": "const real *{0} = in->arrays[{1}]",
    "per class": "const double *{0} = in->weights[{1}]",
    "scalar": "const double {0} = in->numbers[{1}]",
    "class index": "const int64_t *index = in->index",
    "storage": "Each *__restrict {0} = scratch + {1} * classes",
}
GENERAL_ROW_MAJOR = Layout(
    class_major=False,
    bounded=False,
    each="Each",
    row="Each",
    index="int64_t",
    rows="",
    block="",
    templates={
        "each": "(Each){0}",
        "row": "(Each){0}",
        "index": "{0}",
        "read": "read({0}[{1}])",
        "share": "TARGET({0}, {1}, {1}, {2})",
        "stored": "{0}[{1}]",
        "component": "{0}[k]",
    },
    driver=DRIVER | {"class index": "const int64_t index = BY_INDEX ? in->index[0] : 0"},
)
GENERAL_CLASS_MAJOR = Layout(
    class_major=True,
    bounded=False,
    each="Each",
    row="Each",
    index="int64_t",
    rows="rows",
    block="BLOCK",
    templates={
        "each": "(Each){0}",
        "row": "(Each){0}",
        "index": "{0}[b]",
        "read": "read({0}[{1} * stride + b])",
        "share": "TARGET({0}, {1} * stride + b, {1}, {2})",
        "stored": "{0}[{1} * ROWS + b]",
        "component": "{0}[k * stride + b]",
    },
    driver=DRIVER | {"storage": "Each *__restrict {0} = scratch + {1} * classes * ROWS"},
)
BOUNDED_ROW_MAJOR = Layout(
    class_major=False,
    bounded=True,
    each="Each",
    row="Row",
    index="Class",
    rows="rows",
    block="BLOCK",
    templates={
        "each": "(Each){0}",
        "row": "(Row){0}",
        "index": "{0}[b]",
        "read": "read({0}[b * classes + {1}])",
        "stored": "{0}[b * classes + {1}]",
        "component": "{0}[k]",
        "lost": "lost({0})",
        "any": "{0}",
    },
    driver=DRIVER
    | {
        "class index": "const Class *index = in->classes",
        "per class": "const Each *{0} = in->weights_of[{1}]",
        "of row": "const Each *{0} = in->{0}",
    },
)
BOUNDED_CLASS_MAJOR = Layout(
    class_major=True,
    bounded=True,
    each="Vector",
    row="Vector",
    index="Class",
    rows="vectors",
    block="VECTORS",
    templates={
        "each": "all((Each){0})",
        "row": "all((Each){0})",
        "index": "{0}[b]",
        "read": "load({0} + {1} * stride, b)",
        "stored": "{0}[{1} * VECTORS + b]",
        "values": "((Vector *)values)[b]",
    },
    driver=DRIVER
    | {
        "class index": "const Classes *index = (const Classes *)in->classes",
        "per class": "const Vector *{0} = (const Vector *)in->weights_of[{1}]",
        "of row": "const Vector *{0} = (const Vector *)in->{0}",
        "vectors": "const int64_t vectors = rows / LANES",
        "group": "const Class group = group_of(classes)",
        "stream": "const int stream = in->stream",
        "storage": "Vector *__restrict {0} = (Vector *)scratch + {1} * classes * VECTORS",
    },
)
