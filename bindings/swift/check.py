"""Checks the generated Swift package as text, for machines without a Swift compiler.

The names are read from the Rust sources, so that nothing exported there can be missing here.
Prints "N passed, N failed".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUST = HERE.parent.parent / "src"
SOURCES = HERE / "Sources"
MODULE = "SignalWireClient"


def exported(kind: str) -> set[str]:
    """The Rust types that derive ``uniffi::kind``."""
    pattern = re.compile(
        rf"derive\([^)]*uniffi::{kind}[^)]*\)+\]\n(?:\s*(?:#\[|//)[^\n]*\n)*\s*pub (?:struct|enum) (\w+)"
    )
    return {name for path in RUST.rglob("*.rs") for name in pattern.findall(path.read_text())}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def methods() -> Iterator[tuple[str, str]]:
    """Each exported method, as the type and the name that Swift has for it."""
    block = re.compile(r"#\[uniffi::export\]\nimpl (\w+) \{\n(.*?)\n\}", re.S)
    function = re.compile(r"    pub (?:async )?fn (\w+)\(&self")
    for path in sorted((RUST / "bind").glob("*.rs")):
        for owner, body in block.findall(path.read_text()):
            for name in function.findall(body):
                yield owner, camel(name)


def actions(swift: str) -> str:
    """How the generated code writes the actions of the call screen."""
    return swift.partition("struct FfiConverterTypeHostAction:")[2].partition("\n}\n")[0]


def checks() -> Iterator[tuple[str, bool]]:
    swift = (SOURCES / MODULE / f"{MODULE}.swift").read_text()
    streams = (SOURCES / MODULE / "Streams.swift").read_text()
    structured = (SOURCES / MODULE / "Structured.swift").read_text()
    native = SOURCES / f"{MODULE}FFI"
    package = (HERE / "Package.swift").read_text()

    yield "the package's name", f'name: "{MODULE}"' in package
    yield "the C module is imported", f"import {MODULE}FFI" in swift
    module_map = (native / "module.modulemap").read_text()
    yield "the module map's name", module_map.startswith(f"module {MODULE}FFI ")
    header = re.search(r'header "([^"]+)"', module_map)
    yield "the module map's header", header is not None and (native / header[1]).is_file()

    for name in sorted(exported("Object")):
        yield f"class {name}", f"open class {name}:" in swift
    for name in sorted(exported("Record")):
        yield f"struct {name}", f"public struct {name}:" in swift
    for name in sorted(exported("Enum") | exported("Error")):
        yield f"enum {name}", re.search(rf"public\s+enum {name}:", swift) is not None
    yield "protocol AudioSink", "public protocol AudioSink:" in swift
    for owner, name in methods():
        body = swift.partition(f"open class {owner}:")[2].partition("\nopen class ")[0]
        yield f"{owner}.{name}", re.search(rf"open func `?{name}`?\(", body) is not None
    for name in ("shutdown", "version", "dialString"):
        yield f"{name}()", f"public func {name}(" in swift

    for used in sorted(set(re.findall(r"\b(\w+)\(", streams)) & {n for _, n in methods()}):
        yield f"Streams.swift uses {used}", f"open func {used}(" in swift
    for name in ("eventStream", "audioStream", "pushAudio"):
        yield f"{name}()", f"public func {name}(" in streams
    for name in ("withClient", "withCall", "dialAndWait"):
        yield f"{name}()", re.search(rf"public func {name}\b", structured) is not None
    screen = (HERE / "Samples/CallScreen/CallKitScreen.swift").read_text()
    for case in sorted(set(re.findall(r"case (?:let )?\.(\w+)\(?", actions(swift)))):
        yield f"CallKitScreen: {case}", re.search(rf"\.{case}\b", screen) is not None
    for path in [*(SOURCES / MODULE).glob("*.swift"), *(HERE / "Samples").rglob("*.swift")]:
        text = re.sub(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', "", path.read_text(), flags=re.S)
        balanced = all(text.count(a) == text.count(b) for a, b in ("{}", "()", "[]"))
        yield f"{path.name}: brackets", balanced


def main() -> int:
    results = list(checks())
    failed = [name for name, passed in results if not passed]
    for name in failed:
        print(f"missing or wrong: {name}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or len(results) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
