"""Kernels must be there for these tests: they need a C++ compiler."""

from lossbook.native import compiler

compiler.compiler()
