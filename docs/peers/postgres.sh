#!/usr/bin/env bash
# Measures PostgreSQL doing what Authorize does: postgres.sql, driven by pgbench, on a cluster of its own that is gone
# afterwards. It is run by hand, beside `holdfast bench --concurrency 64` on the same machine within minutes, and is no
# part of .ci/run: it needs PostgreSQL 14 or later, which nothing else here does.
#
#   docs/peers/postgres.sh
#   ACCOUNTS=1000000 DURATION=30 docs/peers/postgres.sh
#
#   ACCOUNTS   accounts to choose from, uniformly       100000
#   CLIENTS    connections, each with one call under way    64
#   JOBS       threads of pgbench                            2
#   DURATION   seconds of the measurement                   10
#   WARM_UP    seconds of load before it, not counted        2
#   DISK       directory on the disk that is meant    /var/tmp
#   RUN_AS     who runs the server                    postgres
#
# Commits are durable: fsync and synchronous_commit are on, and full pages are written. Clients come over a Unix socket,
# which is cheaper than TCP. PostgreSQL refuses to run as root, so root becomes RUN_AS first, by su; anybody else runs it
# as they are.
set -euo pipefail
: "${ACCOUNTS:=100000}" "${CLIENTS:=64}" "${JOBS:=2}" "${DURATION:=10}" "${WARM_UP:=2}" "${DISK:=/var/tmp}" "${RUN_AS:=postgres}"
export ACCOUNTS CLIENTS JOBS DURATION WARM_UP

# First pass: a directory, with all that is needed in it, since RUN_AS may not be able to read where this script is.
if [[ -z "${PEER_DIR:-}" ]]; then
  here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
  PEER_DIR="$(mktemp -d "$DISK/holdfast-peer-XXXXXX")"
  export PEER_DIR
  cp "$here/postgres.sh" "$here/postgres.sql" "$PEER_DIR/"
  if ((EUID == 0)); then
    id "$RUN_AS" >/dev/null || { rm -r "$PEER_DIR"; echo "RUN_AS: there is no user $RUN_AS; name one that is not root" >&2; exit 1; }
    chown -R "$RUN_AS" "$PEER_DIR"
    cd "$PEER_DIR"
    exec su "$RUN_AS" -s /bin/bash -c "bash '$PEER_DIR/postgres.sh'"
  fi
  exec bash "$PEER_DIR/postgres.sh"
fi

# Second pass, not root.
cd "$PEER_DIR"
data="$PEER_DIR/data"
loading=""
finish() {
  if [[ -n "$loading" ]]; then
    kill "$loading" 2>/dev/null || true
  fi
  if [[ -f "$data/postmaster.pid" ]]; then
    pg_ctl -D "$data" stop -m immediate -s || true
  fi
  cd /
  rm -rf "$PEER_DIR"
}
trap finish EXIT
trap 'exit 130' INT TERM
# Distributions keep the server's programs apart from the clients'.
if ! command -v initdb >/dev/null; then
  PATH="$(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -V | tail -n 1):$PATH"
fi
for program in initdb pg_ctl psql pgbench; do
  command -v "$program" >/dev/null || { echo "$program is not there: install PostgreSQL with its server and pgbench" >&2; exit 1; }
done
case "$(stat -f -c %T . 2>/dev/null || true)" in
  tmpfs | ramfs) echo "DISK: $DISK is a RAM disk, which commits nothing" >&2; exit 1 ;;
esac

initdb -D data -A trust -U peer --no-locale -E UTF8 >initdb.log || { cat initdb.log >&2; exit 1; }
cat >>data/postgresql.conf <<CONF
listen_addresses = ''
unix_socket_directories = '$PEER_DIR'
max_connections = $((CLIENTS + 20))
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 1GB
wal_buffers = 64MB
max_wal_size = 16GB
min_wal_size = 2GB
checkpoint_timeout = 15min
jit = off
CONF
pg_ctl -D data -l server.log -w -s start || { cat server.log >&2; exit 1; }
export PGHOST="$PEER_DIR" PGUSER=peer PGDATABASE=postgres PGOPTIONS="-c client_min_messages=warning"
query() { psql -v ON_ERROR_STOP=1 -qAt "$@"; }

query -f postgres.sql
query -v accounts="$ACCOUNTS" <<'SQL'
INSERT INTO accounts (id, currency, credit_limit) SELECT n, 'CNY', 1000000000 FROM generate_series(1, :accounts) n;
VACUUM (ANALYZE, FREEZE) accounts;
CHECKPOINT;
SQL

# The tokens are as long as those of holdfast bench.
cat >authorize.sql <<'SQL'
\set account random(1, :accounts)
\set amount random(1, 1000)
\set dice random(1, 9223372036854775807)
SELECT * FROM authorize('local', fresh_id(:dice), :account, 1::smallint, 'o-' || fresh_id(:dice), 'cmcc', 'phone-' || :account, 'CNY', :amount);
SQL
# load runs pgbench beside this shell, which would else not hear a signal until it is over.
load() {
  local log="$1" code=0
  shift
  pgbench -n -M prepared -f authorize.sql -D accounts="$ACCOUNTS" -c "$CLIENTS" -j "$JOBS" "$@" >"$log" 2>&1 &
  loading=$!
  wait "$loading" || code=$?
  loading=""
  if ((code != 0)); then
    cat "$log" >&2
    return "$code"
  fi
}

query -c "SELECT version()"
query -c "SELECT string_agg(name || '=' || current_setting(name), '  ') FROM unnest(ARRAY['fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'shared_buffers', 'max_wal_size']) name"
echo "$ACCOUNTS accounts, $CLIENTS connections over a Unix socket, $DURATION s, on $(stat -f -c %T . 2>/dev/null || echo 'a file system of unknown kind')"
((WARM_UP == 0)) || load warm-up.log -T "$WARM_UP"
load load.log -T "$DURATION" --log --log-prefix=calls
grep -E '^(number of transactions|number of failed|latency|initial connection|tps)' load.log

# A line of a log is a call, its third field how long it took in microseconds.
cat calls.* | awk '{ print $3 }' | sort -n >sorted.log
percentile() { awk -v n="$(wc -l <sorted.log)" -v p="$1" 'NR >= n * p / 100 { printf "%.2f ms", $1 / 1000; exit }' sorted.log; }
echo "p50 $(percentile 50), p99 $(percentile 99), p99.9 $(percentile 99.9)"

query -c "SELECT count(*) FILTER (WHERE decision = 'APPROVED') || ' approved, ' || count(*) FILTER (WHERE decision <> 'APPROVED') || ' declined, warm-up included' FROM requests"
faults="$(query -c 'SELECT faults()')"
if [[ -n "$faults" ]]; then
  echo "the books are wrong: $faults" >&2
  exit 1
fi
echo "the books add up"
