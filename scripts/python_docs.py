"""The reference of the Python package by pdoc: ``python_docs.py FOLDER``.

Before Python 3.13 ``inspect`` parses a whole file for each class that it looks for, and the
generated module is long: here each file is parsed once.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import sys
from pathlib import Path

import pdoc

MODULES = ("signalwire_client", "signalwire_client.rest_api")


@functools.cache
def class_lines(file: str) -> dict[str, int]:
    """Where each class of a file begins, counted from 0, by its qualified name."""
    found: dict[str, int] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                first = min([child.lineno, *(mark.lineno for mark in child.decorator_list)])
                found[prefix + child.name] = first - 1
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                visit(child, f"{prefix}{child.name}.<locals>.")
            else:
                visit(child, prefix)

    visit(ast.parse(Path(file).read_text()), "")
    return found


def find_source_once(find_source):
    def find(wanted):
        if inspect.isclass(wanted) and wanted.__module__.startswith("signalwire_client"):
            file = inspect.getsourcefile(wanted)
            line = class_lines(file).get(wanted.__qualname__) if file else None
            if line is not None:
                return linecache.getlines(file), line
        return find_source(wanted)

    return find


def main() -> None:
    inspect.findsource = find_source_once(inspect.findsource)
    pdoc.render.configure(show_source=False)
    pdoc.pdoc(*MODULES, output_directory=Path(sys.argv[1]))


if __name__ == "__main__":
    main()
