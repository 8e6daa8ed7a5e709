#!/bin/sh
# Writes the command that runs the softphone of the tests; `test.sh` has built it before. Nothing where
# there is no Swift compiler.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
command -v swift >/dev/null 2>&1 || exit 0
library="$(sh "$here/../target_folder.sh")/debug"
case "$(uname -s)" in
    Darwin) variable=DYLD_LIBRARY_PATH ;;
    *) variable=LD_LIBRARY_PATH ;;
esac
echo "env $variable=$library:$(sh "$here/runtime.sh") $here/.build/debug/ScenarioSoftphone"
