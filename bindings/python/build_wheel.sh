#!/bin/sh
# Builds the wheel of this platform into build/, or into the folder given. Prints its path.
#
#   bindings/python/build_wheel.sh [FOLDER] [--testing]
#
# --testing builds the second wheel, with the test gateway, too; its path is the second line.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
folder="$here/../../build"
testing=""
for argument in "$@"; do
    case "$argument" in
        --testing) testing=--testing ;;
        *) folder="$argument" ;;
    esac
done
exec "${PYTHON:-python3}" "$here/build_backend/signalwire_backend.py" "$folder" $testing
