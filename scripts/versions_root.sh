#!/usr/bin/env bash
# Makes the root folder of a Debian suite with the PostgreSQL versions that it has, for scripts/check_versions.sh.
#   scripts/versions_root.sh trixie|sid FOLDER
# Debian 13 (trixie) has 17; sid has 18, and 19 in its experimental suite.
set -euo pipefail
suite=$1 root=$2
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
[ ! -e "$root/.ready" ] || exit 0

common=(gcc make libc6-dev perl libipc-run-perl libcurl4-openssl-dev libssl-dev libjson-c-dev libexpat1-dev
    zlib1g-dev libzstd-dev openssl procps util-linux)

configure() {
    mkdir -p "$root"/etc/{apt/apt.conf.d,dpkg/dpkg.cfg.d,postgresql-common} "$root/usr/sbin"
    # A mirror's copy of sid may be older than its Valid-Until; recommended packages are not needed.
    printf 'Acquire::Check-Valid-Until "false";\nAPT::Install-Recommends "false";\n' >"$root/etc/apt/apt.conf.d/rs2ddb"
    printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$root/etc/dpkg/dpkg.cfg.d/rs2ddb"
    printf 'path-exclude=/usr/lib/llvm-*/lib/*.a\n' >>"$root/etc/dpkg/dpkg.cfg.d/rs2ddb"
    echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no service is started by its installation
    chmod 755 "$root/usr/sbin/policy-rc.d"
    printf 'deb %s %s main\n' "$mirror" "$suite" >"$root/etc/apt/sources.list"
    [ "$suite" != sid ] || printf 'deb %s experimental main\n' "$mirror" >>"$root/etc/apt/sources.list"
}

inside() { "$(dirname "$0")/versions_enter.sh" "$root" env DEBIAN_FRONTEND=noninteractive "$@"; }

packages() { # VERSION
    printf '%s\n' "postgresql-$1" "postgresql-server-dev-$1"
}

rm -rf "$root"
mkdir -p "$root"
debootstrap --variant=minbase "$suite" "$root" "$mirror"
configure
inside apt-get update -q
if [ "$suite" = sid ]; then
    # shellcheck disable=SC2046
    inside apt-get install -y -q "${common[@]}" $(packages 18)
    # shellcheck disable=SC2046
    inside apt-get install -y -q -t experimental libpq-dev $(packages 19)
else
    # shellcheck disable=SC2046
    inside apt-get install -y -q "${common[@]}" libpq-dev $(packages 17)
fi
inside apt-get clean
touch "$root/.ready"
