#!/usr/bin/env bash
# Runs a command in a root folder as its user postgres, with the environment that TAP files need for that PostgreSQL.
#   scripts/versions_inside.sh ROOT VERSION COMMAND...
set -euo pipefail
root=$1 bin=/usr/lib/postgresql/$2/bin
pgxs_src=/usr/lib/postgresql/$2/lib/pgxs/src
shift 2
exec "$(dirname "$0")/versions_enter.sh" "$root" setpriv --reuid postgres --regid postgres --init-groups -- \
    env PATH="$bin:/usr/local/bin:/usr/bin:/bin" HOME="$PWD" PG_REGRESS="$pgxs_src/test/regress/pg_regress" \
    PERL5LIB="$pgxs_src/test/perl:$PWD/t/lib" "$@"
