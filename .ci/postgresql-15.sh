# Sourced by .ci/run: Debian's PostgreSQL 15 as a private cluster (own folder, port, password; gone at the end).

start_postgresql_15() {
  local programs=/usr/lib/postgresql/15/bin as=()
  if [ ! -x "$programs/initdb" ]; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    # Its package would otherwise start a cluster of its own.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
      -o Dpkg::Options::=--force-confold postgresql-15 || return 1
  fi
  postgresql_15=$(mktemp -d)
  chmod 755 "$postgresql_15"
  mkdir "$postgresql_15/data"
  local password port
  password=$(python3 -c 'import secrets; print(secrets.token_urlsafe(24))')
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  (umask 077 && printf '%s\n' "$password" >"$postgresql_15/password")
  if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown -R postgres: "$postgresql_15"
  fi
  trap stop_postgresql_15 EXIT
  (
    cd "$postgresql_15"
    "${as[@]}" "$programs/initdb" -D data --username=postgres --auth=scram-sha-256 --pwfile=password --encoding=UTF8 --locale=C.UTF-8 >initdb.log
    "${as[@]}" "$programs/pg_ctl" -D data --wait --log=server.log --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c fsync=off" start >/dev/null
  ) || return 1
  export SIGMASIGHT_TEST_EXTERNAL_URL="postgresql://postgres:$password@127.0.0.1:$port/postgres"
}

stop_postgresql_15() {
  local as=()
  [ "$(id -u)" = 0 ] && as=(setpriv --reuid postgres --regid postgres --clear-groups)
  (cd "$postgresql_15" && "${as[@]}" /usr/lib/postgresql/15/bin/pg_ctl -D data --mode=immediate stop >/dev/null) || true
  rm -rf "$postgresql_15"
}
