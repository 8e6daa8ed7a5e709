#!/bin/sh
# Plays the scenarios of tests/scenarios with the actors of the other languages, each alone and all
# together; in Swift where there is a compiler. The tests of those languages have built them before.
set -eu
cd "$(dirname "$0")/.."
python="$(pwd)/build/python-test/environment/bin/python"
make --silent -C examples/c PROFILE=dev softphone
kotlin="$(sh bindings/kotlin/softphone.sh)"
SW_SCENARIO_ACTORS="c=$(pwd)/examples/c/softphone;python=$python -m signalwire_client;kotlin=$kotlin"
swift="$(sh bindings/swift/softphone.sh)"
[ -z "$swift" ] || SW_SCENARIO_ACTORS="$SW_SCENARIO_ACTORS;swift=$swift"
export SW_SCENARIO_ACTORS
exec cargo test --all-features --test scenarios -- --ignored --nocapture
