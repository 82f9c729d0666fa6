#!/bin/sh
# Brings Temporal's two databases to the schema of this version; changes nothing where they have it. SQL_* say where they are.
set -eu
schemas=${SCHEMA_DIR:-/etc/temporal/schema}/postgresql/v12
create() {
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-dir "$schemas/$2/versioned"
}
create temporal temporal
create temporal_visibility visibility
