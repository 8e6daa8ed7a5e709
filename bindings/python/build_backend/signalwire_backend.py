"""Builds the wheels: cargo for what is native, the generated module, then plain files in a zip.

A build backend (PEP 517) without dependencies, because what there is to do is not what the usual
ones do: the library belongs to the repository two folders up, and the generated module is read
from it. ``SIGNALWIRE_CLIENT_LIBRARY`` may name a library, not stripped, that was built before.

As a program, with ``--testing``, it builds a second wheel as well: ``signalwire-client-testing``,
with the test gateway (``SW_GATEWAY_BIN`` may name one that was built before). It is a package of
its own, which the extra ``testing`` asks for, so that nobody who only makes calls carries a server
along.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manylinux import platform_tag

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "src" / "signalwire_client"
REPOSITORY = HERE.parent.parent
GENERATE = HERE.parent / "generate.sh"
TARGET_FOLDER = HERE.parent / "target_folder.sh"
TESTING = HERE / "testing" / "signalwire_client_testing"
LICENSES = ("LICENSE-APACHE", "LICENSE-MIT")

# The same content gives the same file, whenever it is built.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def _project() -> dict[str, Any]:
    with (HERE / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


def _testing_project() -> dict[str, Any]:
    """The second package: what differs stands in the file of the first one."""
    with (HERE / "pyproject.toml").open("rb") as file:
        different = tomllib.load(file)["tool"]["signalwire"]["testing"]
    shared = ("version", "license", "requires-python", "classifiers")
    return {name: _project()[name] for name in shared} | different


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
    for extra, requirements in project.get("optional-dependencies", {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_in_extra(text, extra)}" for text in requirements]
    return "\n".join(lines) + "\n\n" + (HERE / project["readme"]).read_text("utf-8")


def _in_extra(requirement: str, extra: str) -> str:
    """A requirement of an extra, which may have a condition of its own."""
    name, _, condition = requirement.partition(";")
    own = f"({condition.strip()}) and " if condition else ""
    return f'{name.strip()}; {own}extra == "{extra}"'


def _info_files(project: dict[str, Any], tag: str) -> dict[str, bytes]:
    wheel = (
        "Wheel-Version: 1.0\nGenerator: signalwire_backend\nRoot-Is-Purelib: false\n"
        f"Tag: py3-none-{tag}\n"
    )
    files = {f"licenses/{name}": (REPOSITORY / name).read_bytes() for name in LICENSES}
    files |= {"METADATA": _metadata(project).encode(), "WHEEL": wheel.encode()}
    lines = []
    for group, entries in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    if lines:
        files["entry_points.txt"] = ("\n".join(lines) + "\n").encode()
    return files


def _stem(project: dict[str, Any]) -> str:
    return f"{project['name'].replace('-', '_')}-{project['version']}"


def _write_wheel(path: Path, files: dict[str, bytes], record: str) -> None:
    lines = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in sorted(files.items()):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            lines.append(f"{name},sha256={digest.decode()},{len(content)}")
            wheel.writestr(_entry(name, is_program="/bin/" in name), content)
        wheel.writestr(_entry(record), "\n".join([*lines, f"{record},,"]) + "\n")


def _entry(name: str, is_program: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, TIMESTAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    # Pip makes a program only of what says that it is a regular file.
    entry.external_attr = (stat.S_IFREG | (0o755 if is_program else 0o644)) << 16
    return entry


def _write(folder: str, project: dict[str, Any], tag: str, files: Mapping[str, bytes]) -> str:
    """Writes a wheel with these files into a folder, and gives its name."""
    info = f"{_stem(project)}.dist-info"
    extra = {f"{info}/{name}": text for name, text in _info_files(project, tag).items()}
    name = f"{_stem(project)}-py3-none-{tag}.whl"
    _write_wheel(Path(folder) / name, {**files, **extra}, f"{info}/RECORD")
    return name


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    subprocess.run([str(GENERATE), "python"], check=True)
    native = {".so", ".dylib", ".dll"}
    paths = [path for path in sorted(PACKAGE.rglob("*")) if path.is_file()]
    files = {
        f"{PACKAGE.name}/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in paths
        if path.suffix in {".py", ".typed", *native}
    }
    tag = platform_tag([path for path in paths if path.suffix in native])
    return _write(wheel_directory, _project(), tag, files)


def build_testing_wheel(wheel_directory: str) -> str:
    """Builds the wheel with the gateway into this folder, and gives its name."""
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch) / f"sw-gateway{sysconfig.get_config_var('EXE') or ''}"
        shutil.copy(_gateway(), program)
        subprocess.run(["strip", str(program)], check=True)
        files = {
            f"{TESTING.name}/{path.name}": path.read_bytes()
            for path in sorted(TESTING.iterdir())
            if path.suffix in {".py", ".typed"}
        }
        files[f"{TESTING.name}/bin/{program.name}"] = program.read_bytes()
        return _write(wheel_directory, _testing_project(), platform_tag([program]), files)


def _gateway() -> str:
    if given := os.environ.get("SW_GATEWAY_BIN"):
        return given
    profile = os.environ.get("SIGNALWIRE_CLIENT_PROFILE", "release")
    build = ["cargo", "build", "--quiet", "--package", "signalwire-gateway", "--bin", "sw-gateway"]
    subprocess.run([*build, "--profile", profile], check=True, cwd=REPOSITORY)
    target = subprocess.run(
        ["sh", str(TARGET_FOLDER)], check=True, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ).stdout.strip()
    folder = "debug" if profile == "dev" else profile
    return str(Path(target) / folder / f"sw-gateway{sysconfig.get_config_var('EXE') or ''}")


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: dict[str, Any] | None = None
) -> str:
    project = _project()
    folder = Path(metadata_directory) / f"{_stem(project)}.dist-info"
    for name, content in _info_files(project, platform_tag([])).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder.name


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    raise RuntimeError("there is no source package; build the wheel from the repository")


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    print(out / build_wheel(str(out)))
    if "--testing" in sys.argv[2:]:
        print(out / build_testing_wheel(str(out)))
