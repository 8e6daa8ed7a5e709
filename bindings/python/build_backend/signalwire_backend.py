"""Builds the wheel: cargo for the library, the generated module, then plain files in a zip.

A build backend (PEP 517) without dependencies, because what there is to do is not what the usual
ones do: the library belongs to the repository two folders up, and the generated module is read
from it. ``SIGNALWIRE_CLIENT_LIBRARY`` may name a library, not stripped, that was built before.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "src" / "signalwire_client"
REPOSITORY = HERE.parent.parent
GENERATE = HERE.parent / "generate.sh"
LICENSES = ("LICENSE-APACHE", "LICENSE-MIT")

# The same content gives the same file, whenever it is built.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def _project() -> dict[str, Any]:
    with (HERE / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


def _platform() -> str:
    # The library is plain C to Python: one wheel fits every version, on one platform.
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def _metadata(project: dict[str, Any]) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        "Description-Content-Type: text/markdown",
    ]
    lines += [f"License-File: {name}" for name in LICENSES]
    lines += [f"Classifier: {classifier}" for classifier in project["classifiers"]]
    lines += [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {text}; extra == "{extra}"' for text in requirements]
    return "\n".join(lines) + "\n\n" + (HERE / project["readme"]).read_text("utf-8")


def _info_files(project: dict[str, Any], tag: str) -> dict[str, bytes]:
    wheel = (
        "Wheel-Version: 1.0\nGenerator: signalwire_backend\nRoot-Is-Purelib: false\n"
        f"Tag: py3-none-{tag}\n"
    )
    licenses = {f"licenses/{name}": (REPOSITORY / name).read_bytes() for name in LICENSES}
    return {"METADATA": _metadata(project).encode(), "WHEEL": wheel.encode(), **licenses}


def _stem(project: dict[str, Any]) -> str:
    return f"{project['name'].replace('-', '_')}-{project['version']}"


def _write_wheel(path: Path, files: dict[str, bytes], record: str) -> None:
    lines = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in sorted(files.items()):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            lines.append(f"{name},sha256={digest.decode()},{len(content)}")
            wheel.writestr(_entry(name), content)
        wheel.writestr(_entry(record), "\n".join([*lines, f"{record},,"]) + "\n")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, TIMESTAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    subprocess.run([str(GENERATE), "python"], check=True)
    project, tag = _project(), _platform()
    info = f"{_stem(project)}.dist-info"
    files = {
        f"{PACKAGE.name}/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and path.suffix in {".py", ".typed", ".so", ".dylib", ".dll"}
    }
    files |= {f"{info}/{name}": text for name, text in _info_files(project, tag).items()}
    name = f"{_stem(project)}-py3-none-{tag}.whl"
    _write_wheel(Path(wheel_directory) / name, files, f"{info}/RECORD")
    return name


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: dict[str, Any] | None = None
) -> str:
    project = _project()
    folder = Path(metadata_directory) / f"{_stem(project)}.dist-info"
    for name, content in _info_files(project, _platform()).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder.name


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    raise RuntimeError("there is no source package; build the wheel from the repository")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else os.curdir)
    out.mkdir(parents=True, exist_ok=True)
    print(out / build_wheel(str(out)))
