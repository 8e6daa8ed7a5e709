#!/bin/sh
# Writes the command that runs the softphone of the tests; `test.sh` has compiled it before.
set -eu
cd "$(dirname "$0")"
classpath=target/test-classpath.txt
goal="org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"
# What it needs is fetched once.
mvn --batch-mode --quiet --offline "$goal" "-Dmdep.outputFile=$classpath" >/dev/null 2>&1 ||
    mvn --batch-mode --quiet --no-transfer-progress "$goal" "-Dmdep.outputFile=$classpath" >&2
here="$(pwd)"
echo "java -cp $here/target/test-classes:$here/target/classes:$(cat "$classpath")" \
    "com.signalwire.client.SoftphoneKt"
