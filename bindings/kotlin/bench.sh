#!/bin/sh
# Measures what the audio costs in Kotlin; `test.sh` has compiled it before. SW_TOKEN, SW_WS_URL,
# SW_HTTP_URL and SW_CA_FILE lead to a gateway.
#
# SIGNALWIRE_CLIENT_LIBRARY=FILE takes this library: an optimised one, or the numbers say little.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
command="$(sh "$here/softphone.sh")"
# shellcheck disable=SC2086 # Words of a command.
set -- ${command% *}
java="$1"
shift
exec "$java" \
    ${SIGNALWIRE_CLIENT_LIBRARY:+-Duniffi.component.signalwire_client.libraryOverride="$SIGNALWIRE_CLIENT_LIBRARY"} \
    "$@" com.signalwire.client.AudioCost
