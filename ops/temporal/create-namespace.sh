#!/bin/sh
# Creates the namespace TEMPORAL_NAMESPACE with the search attributes of invocations, where they are missing.
set -eu
# The port may be open some seconds before Temporal answers, and a new namespace is known everywhere within ten.
within_a_minute() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || exit 1
    sleep 1
  done
}
within_a_minute temporal operator cluster health
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
within_a_minute temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
  --name AlienDeployment --type Keyword --name AlienCommand --type Keyword
