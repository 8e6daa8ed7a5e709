#!/bin/sh
# The documentation as pages: the guides, and the reference of each language, in build/docs.
#
# mdBook, Doxygen and pdoc are used where they are; otherwise mdBook is built and pdoc installed into
# build/docs-tools, and Doxygen comes from the system's packages (scripts/setup.sh docs). Dokka comes by
# Maven, where that is.
set -eu
cd "$(dirname "$0")/.."
out=build/docs
tools="$(pwd)/build/docs-tools"
mdbook_version=0.5.4
mkdir -p "$out" "$tools"

book() {
    mdbook=$(command -v mdbook || echo "$tools/bin/mdbook")
    [ -x "$mdbook" ] ||
        cargo install mdbook --locked --version "$mdbook_version" --no-default-features --root "$tools"
    "$mdbook" build docs
}

rust_reference() {
    cargo doc --quiet --no-deps --lib --all-features
    rm -rf "$out/rust"
    cp -R "$(sh bindings/target_folder.sh)/doc" "$out/rust"
}

c_reference() {
    if ! command -v doxygen >/dev/null 2>&1; then
        echo "without Doxygen there are no pages for C: sh scripts/setup.sh docs" >&2
        return
    fi
    # The comments are plain lines (//), which Doxygen reads as documentation once they begin with ///.
    mkdir -p "$tools/c-source"
    for header in include/signalwire.h include/signalwire.hpp include/signalwire_call.hpp \
        include/signalwire_client.hpp include/signalwire_picture.hpp; do
        sed 's|^\( *\)// |\1/// |; s|^\( *\)//$|\1///|' "$header" >"$tools/c-source/$(basename "$header")"
    done
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    doxygen - <<END
PROJECT_NAME = signalwire-client
PROJECT_NUMBER = $version
INPUT = $tools/c-source
OUTPUT_DIRECTORY = $out
HTML_OUTPUT = c
GENERATE_LATEX = NO
HAVE_DOT = NO
EXTRACT_ALL = YES
OPTIMIZE_OUTPUT_FOR_C = YES
MARKDOWN_SUPPORT = YES
QUIET = YES
WARN_IF_UNDOCUMENTED = NO
END
}

python_reference() {
    wheel=$(SIGNALWIRE_CLIENT_PROFILE="${SIGNALWIRE_CLIENT_PROFILE:-dev}" \
        sh bindings/python/build_wheel.sh "$out/wheel")
    "${PYTHON:-python3}" -m venv "$tools/python"
    "$tools/python/bin/python" -m pip install --quiet --disable-pip-version-check \
        --force-reinstall "$wheel" pdoc typing_extensions numpy
    "$tools/python/bin/python" scripts/python_docs.py "$out/python"
}

kotlin_reference() {
    if ! command -v mvn >/dev/null 2>&1; then
        echo "without Maven there are no pages for Kotlin" >&2
        return
    fi
    sh bindings/generate.sh --dev kotlin
    # What it needs is fetched once.
    (cd bindings/kotlin && { mvn --batch-mode --quiet --offline dokka:dokka >/dev/null 2>&1 ||
        mvn --batch-mode --quiet --no-transfer-progress dokka:dokka >&2; })
    rm -rf "$out/kotlin"
    cp -R bindings/kotlin/target/dokka "$out/kotlin"
}

book
rust_reference
c_reference
python_reference
kotlin_reference
echo "guides: $out/book/index.html    Rust: $out/rust/signalwire_client/index.html"
echo "C, C++: $out/c/index.html    Python: $out/python/index.html    Kotlin: $out/kotlin/index.html"
