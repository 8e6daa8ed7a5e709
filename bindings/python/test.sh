#!/bin/sh
# Builds the wheels, installs them into a fresh environment and tests them there.
#
# SW_GATEWAY_BIN names the gateway's program; without it the gateway is built.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
build="$here/../../build"

SIGNALWIRE_CLIENT_PROFILE="${SIGNALWIRE_CLIENT_PROFILE:-dev}"
export SIGNALWIRE_CLIENT_PROFILE
wheels="$build/python-test/wheels"
rm -rf "$wheels"
wheel="$(sh "$here/build_wheel.sh" "$wheels" --testing | head -n 1)"

environment="$build/python-test/environment"
"${PYTHON:-python3}" -m venv --clear "$environment"
# By the interpreter: a script names the folder it was made in, also in a copy of the checkout.
python="$environment/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check --force-reinstall \
    --find-links "$wheels" "$wheel[test,testing]"

cd "$here"
"$python" -m ruff check --quiet . ../../examples/python
"$python" -m ruff format --quiet --check --exclude README.md . ../../examples/python
"$python" -m mypy
# The tests use the gateway of the second wheel, as users do.
unset SW_GATEWAY_BIN
exec "$python" -m pytest
