#!/bin/sh
# Builds the wheel, installs it into a fresh environment and tests it there against the gateway.
#
# SW_GATEWAY_BIN names the gateway's program; without it the gateway is built.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
build="$here/../../build"

SIGNALWIRE_CLIENT_PROFILE="${SIGNALWIRE_CLIENT_PROFILE:-dev}"
export SIGNALWIRE_CLIENT_PROFILE
wheel="$(sh "$here/build_wheel.sh" "$build/python-test")"
SW_GATEWAY_BIN="$(sh "$here/../gateway.sh")"
export SW_GATEWAY_BIN

environment="$build/python-test/environment"
"${PYTHON:-python3}" -m venv --clear "$environment"
# By the interpreter: a script names the folder it was made in, also in a copy of the checkout.
python="$environment/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check --force-reinstall "$wheel[test]"

cd "$here"
"$python" -m ruff check --quiet . ../../examples/python
"$python" -m ruff format --quiet --check --exclude README.md . ../../examples/python
"$python" -m mypy
exec "$python" -m pytest
