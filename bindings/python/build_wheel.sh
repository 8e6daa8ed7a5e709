#!/bin/sh
# Builds the wheel of this platform into build/, or into the folder given. Prints its path.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
exec "${PYTHON:-python3}" "$here/build_backend/signalwire_backend.py" "${1:-$here/../../build}"
