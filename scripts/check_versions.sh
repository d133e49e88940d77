#!/usr/bin/env bash
# Builds and tests the extension with PostgreSQL versions that are not this machine's, in root folders of their Debian
# suites: no warning of the compiler, the SQL tests, the end-to-end tests (the stand-ins run outside, with this
# machine's PostgreSQL). Needs root, and the network for the first run: 1 GB a suite, kept in RS2DDB_VERSIONS_DIR.
# From the environment: VERSIONS ("17 18 19"), TESTS (all files of t/; "none": only the SQL tests).
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${RS2DDB_VERSIONS_DIR:-/var/cache/rs2ddb-versions}
[ "$(id -u)" -eq 0 ] || { echo "check-versions needs root: it makes root folders and enters them" >&2; exit 1; }
scripts/apt_install.sh scripts/versions_packages.txt

work=$(mktemp -d "${TMPDIR:-/tmp}/rs2ddb-versions-XXXXXX")
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
failed=0
summary=()

root_of() {
    [ "$1" = 17 ] && echo "$cache/trixie" || echo "$cache/sid"
}

# A copy of the tree for one version, owned by the user postgres of its root folder.
copy_tree() { # ROOT COPY
    mkdir -p "$2"
    tar -cf - --exclude=./.git --exclude=./build --exclude=./.stack --exclude='*.o' --exclude='*.so' . | tar -xf - -C "$2"
    chown -R "$(awk -F: '$1 == "postgres" { print $3 ":" $4 }' "$1/etc/passwd")" "$2"
}

build() { # ROOT VERSION
    local make="make -j$(nproc) PG_CONFIG=/usr/lib/postgresql/$2/bin/pg_config"
    scripts/versions_enter.sh "$1" bash -c "$make all 2>&1 && $make -s install" >build.log 2>&1 || { tail -20 build.log; return 1; }
    ! grep -E 'warning:' build.log
}

# run NAME COMMAND...: shows its output, adds "NAME passed/all" to $line.
run() {
    local name=$1 status=0 ok bad
    shift
    "$@" 2>&1 | tee out.log || status=1
    read -r ok bad < <(scripts/count_tests.awk out.log)
    [ "$status" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$ok" -gt 0 ] || failed=1
    line+=" $name $ok/$((ok + bad))"
}

for version in ${VERSIONS:-17 18 19}; do
    root=$(root_of "$version")
    scripts/versions_root.sh "$(basename "$root")" "$root"
    copy_tree "$root" "$work/$version"
    line="$version"
    printf '\n== PostgreSQL %s\n' "$version"
    pushd "$work/$version" >/dev/null
    if build "$root" "$version"; then
        line+=" no warning"
        run sql scripts/versions_inside.sh "$root" "$version" scripts/check_sql.sh
        [ "${TESTS:-}" = none ] ||
            TAP_ENTER="$PWD/scripts/versions_inside.sh $root $version" run tap scripts/check_tap.sh
    else
        line+=" does not build without a warning"
        failed=1
    fi
    popd >/dev/null
    summary+=("$line")
done

printf '\nversions: %s\n' "$(IFS=,; echo "${summary[*]}")"
exit $failed
