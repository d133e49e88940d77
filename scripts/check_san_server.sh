#!/usr/bin/env bash
# The module under AddressSanitizer and UBSan in a stock server: all SQL tests, and the end-to-end tests that TESTS names
# (default: the main job, types, queries, bad input, faults, restarts, double faults). A report of a sanitizer is a
# failed case, also where the job was carried on by another worker and the test passed.
#
# What it builds is installed into a private copy of the server's folders: a server finds them relative to its program.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/interruptible.sh
tests=${TESTS:-$(echo t/00[123]_*.pl t/010_*.pl t/014_*.pl t/020_*.pl t/036_*.pl)}

work=$(mktemp -d "${TMPDIR:-/tmp}/rs2ddb-san-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/reports" "$work/source"
chmod 755 "$work"
chmod 1777 "$work/reports"

# Programs are copied, because a server resolves a link before it looks for its folders; the rest are links.
private_server() {
    local folder
    mkdir -p "$work$bindir" "$work$libdir" "$work$sharedir/extension"
    cp "$bindir"/* "$work$bindir/"
    ln -s "$libdir"/* "$work$libdir/"
    ln -s "$sharedir"/* "$work$sharedir/" 2>/dev/null || true
    ln -s "$sharedir"/extension/* "$work$sharedir/extension/"
    for folder in "$libdir" "$sharedir/extension"; do
        rm -f "$work$folder"/rs2ddb*
    done
}

# The runtime must be loaded before the module is, but in the server alone: not in node, Java and psql. Two traps, for
# which "first" is there:
# - AddressSanitizer initializes itself at the first malloc, and hangs when that is one of gettext, called by the
#   constructor of another library.
# - UBSan reads its options when it has something to report, and the server has then overwritten its environment with the
#   process title. It writes to the server's log, and aborts: what is kept is AddressSanitizer's report of the abort,
#   whose stack has the handler and the line.
preload_runtime() {
    local first=$work$libdir/first.so reports=log_path=$work/reports/report
    gcc -shared -fPIC -fno-builtin -Wl,-z,initfirst -x c - -o "$first" <<END
#include <stdlib.h>
__attribute__((constructor)) static void first(void) { free(malloc(1)); }
const char *__ubsan_default_options(void) { return "halt_on_error=1:abort_on_error=1:print_stacktrace=1:$reports"; }
END
    mv "$work$bindir/postgres" "$work$bindir/postgres.program"
    cat >"$work$bindir/postgres" <<END
#!/usr/bin/env bash
export LD_PRELOAD="$(gcc -print-file-name=libasan.so):$first:$(gcc -print-file-name=libubsan.so)\${LD_PRELOAD:+:\$LD_PRELOAD}"
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:handle_abort=1:$reports
exec -a "\$0" "$work$bindir/postgres.program" "\$@"
END
    chmod 755 "$work$bindir/postgres"
}

build_module() {
    tar -cf - --exclude=./.git --exclude=./build --exclude=./.stack --exclude='*.o' --exclude='*.so' . |
        tar -xf - -C "$work/source"
    make -s -C "$work/source" -j"$(nproc)" PG_CFLAGS="-w -fvisibility=hidden" \
        COPT="-fsanitize=address,undefined -fno-sanitize-recover=undefined -O1 -g -fno-omit-frame-pointer"
    make -s -C "$work/source" install DESTDIR="$work" >/dev/null
    nm -D "$work$libdir/rs2ddb.so" >"$work/symbols"
    grep -q __asan_report "$work/symbols" && grep -q __ubsan_handle "$work/symbols"
    rm -rf "$work/source"
}

run() {
    interruptible scripts/as_unprivileged.sh env PATH="$work$bindir:$PATH" "$@"
}

sanitizer_reports() {
    local report count=0
    for report in "$work"/reports/*; do
        [ -e "$report" ] || continue
        count=$((count + 1))
        cat "$report"
        echo "not ok - sanitizer: $(grep -m1 -o 'AddressSanitizer: .*' "$report"), $(grep -m1 -oE 'src/(core|pg)/.*' "$report")"
    done
    [ "$count" -ne 0 ] || echo "ok - no report of a sanitizer"
    return "$((count > 0))"
}

bindir=$(pg_config --bindir)
libdir=$(pg_config --pkglibdir)
sharedir=$(pg_config --sharedir)
private_server
preload_runtime
build_module
status=0
run scripts/check_sql.sh || status=1
run TESTS="$tests" scripts/check_tap.sh || status=1
sanitizer_reports || status=1
exit "$status"
