"""Compiles pieces of Python and compares the names that they use with the package's source.

``names.py PACKAGE FILE...``: what is imported from ``signalwire_client`` has to be in ``__all__``,
and the methods that are called on ``client``, ``call`` and their like have to be in their classes,
with these keywords. Needs nothing installed.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

CLASSES = {"client": "Client", "call": "Call", "oauth": "OAuth", "rest": "RestClient", "screen": "HostCall",
           "expected": "ExpectedCall", "recorder": "Recorder", "message": "OutgoingMessage"}


def members(package: Path) -> dict[str, dict[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    found: dict[str, dict[str, ast.FunctionDef | ast.AsyncFunctionDef]] = {}
    for file in sorted(package.glob("*.py")):
        if file.name == "_native.py":
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = {
                    part.name: part
                    for part in node.body
                    if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))
                }
    return found


def exported(package: Path) -> set[str]:
    names = {"rest_api"}
    for file in ("__init__.py", "errors.py"):
        for node in ast.walk(ast.parse((package / file).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
            elif isinstance(node, ast.ClassDef):
                names.add(node.name)
    return names


def problems(file: Path, known: dict[str, dict], names: set[str]) -> list[str]:
    source = file.read_text()
    compile(source, file.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    wrong = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "signalwire_client":
            wrong += [f"{alias.name} is not exported" for alias in node.names if alias.name not in names]
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        owner = CLASSES.get(node.value.id)
        if owner and node.attr not in known[owner]:
            wrong.append(f"{owner} has no {node.attr}")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if not isinstance(node.func.value, ast.Name) or node.func.value.id not in CLASSES:
            continue
        method = known[CLASSES[node.func.value.id]].get(node.func.attr)
        if method is None or method.args.kwarg:
            continue
        takes = {a.arg for a in method.args.args + method.args.kwonlyargs}
        wrong += [
            f"{node.func.attr} takes no {word.arg}"
            for word in node.keywords
            if word.arg and word.arg not in takes
        ]
    return wrong


def main() -> int:
    package, files = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    known, names = members(package), exported(package)
    failed = False
    for file in files:
        for problem in problems(file, known, names):
            print(f"{file.name}: {problem}", file=sys.stderr)
            failed = True
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
