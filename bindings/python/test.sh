#!/bin/sh
# Builds the wheels, installs them into a fresh environment and tests them there.
#
# SW_GATEWAY_BIN names the gateway's program; without it the gateway is built.
# SW_TEST_PYTHONS="python3.9 python3.13" runs the tests with these interpreters, too.
# SW_TEST_PIPECAT=1 installs Pipecat, which is large, and tests the transport for it, too.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
build="$here/../../build"

SIGNALWIRE_CLIENT_PROFILE="${SIGNALWIRE_CLIENT_PROFILE:-dev}"
export SIGNALWIRE_CLIENT_PROFILE
wheels="$build/python-test/wheels"
rm -rf "$wheels"
wheel="$(sh "$here/build_wheel.sh" "$wheels" --testing | sed -n 1p)"

environment="$build/python-test/environment"
"${PYTHON:-python3}" -m venv --clear "$environment"
# By the interpreter: a script names the folder it was made in, also in a copy of the checkout.
python="$environment/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check --force-reinstall \
    --find-links "$wheels" "$wheel[test,testing${SW_TEST_PIPECAT:+,pipecat}]"

cd "$here"
"$python" -m ruff check --quiet . ../../examples/python
"$python" -m ruff format --quiet --check --exclude README.md . ../../examples/python
"$python" -m mypy
examples="$(ls ../../examples/python/*.py)"
if [ -z "${SW_TEST_PIPECAT:-}" ]; then
    # Without the types that it is made of it cannot be checked.
    examples="$(echo "$examples" | grep -v pipecat)"
fi
# shellcheck disable=SC2086
MYPYPATH=../../examples/python "$python" -m mypy --config-file= --strict $examples
# shellcheck disable=SC2086
"$python" -m pyright --project pyproject.toml --pythonpath "$python" >"$build/python-test/pyright.log" ||
    { cat "$build/python-test/pyright.log" >&2; exit 1; }
# The tests use the gateway of the second wheel, as users do.
unset SW_GATEWAY_BIN
for other in ${SW_TEST_PYTHONS:-}; do
    # Checked for types above: the checkers' newest versions do not run on the oldest Python.
    "$other" -m venv --clear "$environment-$other"
    "$environment-$other/bin/python" -m pip install --quiet --disable-pip-version-check \
        --force-reinstall --find-links "$wheels" "$wheel[testing]" numpy pytest-asyncio
    "$environment-$other/bin/python" -m pytest
done
"$python" -m pytest

# Pictures once more with the codecs, which the wheels are shipped without.
rm -rf "$build/python-test/wheels-with-codecs"
SIGNALWIRE_CLIENT_FEATURES=capi,uniffi,rest-api,video-codecs
export SIGNALWIRE_CLIENT_FEATURES
wheel="$(sh "$here/build_wheel.sh" "$build/python-test/wheels-with-codecs" | sed -n 1p)"
"$python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheel"
SW_TEST_CODECS=1 exec "$python" -m pytest tests/test_pictures.py
