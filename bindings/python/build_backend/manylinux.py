"""Which platform a wheel says it is for.

What is built here is plain C to Python: one wheel fits every version, on one platform. On Linux
with glibc that platform is a ``manylinux`` tag (PEP 600): the oldest glibc that has every symbol
that the files ask for. A file that needs another library than those of the policy is told of, and
the wheel gets the tag ``linux``, which package indexes refuse.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ALWAYS_THERE = re.compile(
    r"(ld-linux[-\w]*|libc|libm|libdl|librt|libpthread|libgcc_s|libutil|libresolv)\.so\.\d+"
)
"""The libraries of the policy that this project has a use for."""

OLDEST = (2, 17)
"""The oldest glibc that a tag names; nothing here was tried on an older one."""


def platform_tag(files: list[Path]) -> str:
    """The tag for a wheel with these libraries and programs."""
    plain = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    # Musl has versions and tags of its own.
    has_glibc = "-gnu" in str(sysconfig.get_config_var("MULTIARCH"))
    if not (files and has_glibc and plain.startswith("linux_")):
        return plain
    newest = OLDEST
    for file in files:
        foreign = [name for name in _needed(file) if not ALWAYS_THERE.fullmatch(name)]
        if foreign:
            print(f"{file.name} needs {', '.join(foreign)}: no manylinux wheel", file=sys.stderr)
            return plain
        newest = max(newest, *_glibc_versions(file))
    return f"manylinux_{newest[0]}_{newest[1]}_{plain.removeprefix('linux_')}"


def _needed(file: Path) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.+)\]", _readelf("--dynamic", file))


def _glibc_versions(file: Path) -> list[tuple[int, int]]:
    found = re.findall(r"\bGLIBC_(\d+)\.(\d+)", _readelf("--version-info", file))
    return [OLDEST, *((int(major), int(minor)) for major, minor in found)]


def _readelf(what: str, file: Path) -> str:
    # Of the same package as the linker and strip.
    return subprocess.run(
        ["readelf", "--wide", what, str(file)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
