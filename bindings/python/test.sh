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
"${PYTHON:-python3}" -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check --force-reinstall "$wheel[test]"

cd "$here"
"$environment/bin/ruff" check --quiet . ../../examples/python
"$environment/bin/ruff" format --quiet --check src tests build_backend ../../examples/python
"$environment/bin/mypy"
exec "$environment/bin/python" -m pytest
