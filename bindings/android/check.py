"""Checks what no compiler here sees: manifests, rules and Gradle files agree with the code.

Prints "N passed, N failed".
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ANDROID = "{http://schemas.android.com/apk/res/android}"
GENERATED = ROOT / "bindings/kotlin/target/generated-sources/uniffi/com/signalwire/client"


def names(manifest: ET.Element, kind: str) -> set[str]:
    return {element.attrib[f"{ANDROID}name"] for element in manifest.iter(kind)}


def checks() -> Iterator[tuple[str, bool]]:
    library = ET.parse(HERE / "client/src/main/AndroidManifest.xml").getroot()
    yield "the library asks for the network", {
        "android.permission.INTERNET",
        "android.permission.ACCESS_NETWORK_STATE",
    } <= names(library, "uses-permission")

    sample = ET.parse(HERE / "sample/src/main/AndroidManifest.xml").getroot()
    sources = HERE / "sample/src/main/kotlin/com/example/phone"
    for service in sorted(names(sample, "service")):
        file = sources / f"{service.removeprefix('.')}.kt"
        yield f"the service {service}", file.is_file() and "Service()" in file.read_text()
    types = next(
        element.attrib[f"{ANDROID}foregroundServiceType"]
        for element in sample.iter("service")
        if f"{ANDROID}foregroundServiceType" in element.attrib
    )
    code = (sources / "CallService.kt").read_text()
    for kind, constant in (("phoneCall", "PHONE_CALL"), ("microphone", "MICROPHONE")):
        yield f"foreground service of type {kind}", (
            kind in types
            and f"FOREGROUND_SERVICE_TYPE_{constant}" in code
            and f"android.permission.FOREGROUND_SERVICE_{constant}" in names(sample, "uses-permission")
        )

    generated = (GENERATED / "signalwire_client.kt").read_text()
    rules = (HERE / "client/consumer-rules.pro").read_text()
    for kept in re.findall(r"-keep class com\.signalwire\.client\.(\w+) \{", rules):
        yield f"the rule for {kept}", f"object {kept} " in generated
    entry = "com.signalwire.client.android.SignalWireAndroid"
    yield "the rule for the JNI entry", f"class {entry} " in rules
    rust = (ROOT / "src/bind/android.rs").read_text()
    yield "the JNI entry's name", f"fn Java_{entry.replace('.', '_')}_initialize<" in rust

    gradle = (HERE / "client/build.gradle.kts").read_text()
    script = (HERE / "build-native.sh").read_text()
    platform = re.search(r"^platform=(\d+)$", script, re.M)
    yield "minSdk is what the library is built for", (
        platform is not None and f"minSdk = {platform[1]}\n" in gradle
    )
    for abi in re.findall(r'"([\w-]+)"', re.search(r"abiFilters \+= listOf\((.*)\)", gradle)[1]):
        yield f"the library for {abi}", f" {abi}" in script
    maven = (ROOT / "bindings/kotlin/pom.xml").read_text()
    jna = re.search(r"<artifactId>jna</artifactId>\s*<version>([\d.]+)<", maven)
    yield "JNA's version is that of the JVM", jna is not None and f"jna:{jna[1]}@aar" in gradle
    yield "the REST API is left out", "src/rest" not in gradle
    for path in re.findall(r'^        "(\.\./[^"]+)"', gradle, re.M):
        yield f"the folder {path}", (HERE / "client" / path).is_dir()
    yield from jvm_checks(maven)
    lock = (ROOT / "Cargo.lock").read_text()
    yield "the verifier's version", 'name = "rustls-platform-verifier-android"\nversion = "' in lock


def jvm_checks(maven: str) -> Iterator[tuple[str, bool]]:
    """The JVM's Gradle file builds what its Maven file builds."""
    kotlin = ROOT / "bindings/kotlin"
    gradle = (kotlin / "build.gradle.kts").read_text()
    properties = dict(re.findall(r"<([\w.]+)>([^<$]+)</\1>", maven))
    own = re.search(r"<artifactId>client</artifactId>\s*<version>([\d.]+)<", maven)
    yield "the JVM's version", own is not None and f'\nversion = "{own[1]}"\n' in gradle
    compiler = f'kotlin("jvm") version "{properties["kotlin.version"]}"'
    yield "the JVM's Kotlin", compiler in gradle
    pattern = re.compile(
        r"<groupId>([^<]+)</groupId>\s*<artifactId>([^<]+)</artifactId>\s*<version>([\d.]+)</version>"
    )
    dependencies = maven.partition("<dependencies>")[2].partition("</dependencies>")[0]
    for group, artifact, version in pattern.findall(dependencies):
        yield f"the JVM's {artifact}", f'"{group}:{artifact}:{version}"' in gradle
    for path in ("src/main/kotlin", properties["rest.sources"], "src/test/kotlin", "../../examples/kotlin"):
        yield f"the JVM's folder {path}", f'"{path}"' in gradle and (kotlin / path).is_dir()


def main() -> int:
    results = list(checks())
    failed = [name for name, passed in results if not passed]
    for name in failed:
        print(f"missing or wrong: {name}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or len(results) < 15 else 0


if __name__ == "__main__":
    sys.exit(main())
