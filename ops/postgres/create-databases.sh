#!/bin/sh
# Runs once, when PostgreSQL has no data yet: two users, neither of whom can read what is the other's.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set temporal="$TEMPORAL_DB_PASSWORD" --set registry="$REGISTRY_DB_PASSWORD" <<'SQL'
create role temporal login password :'temporal';
create role alien login password :'registry';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
create database alien owner alien;
revoke connect on database temporal, temporal_visibility, alien from public;
SQL
