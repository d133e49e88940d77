# Sourced by the scripts of `make check`.
# interruptible COMMAND...: runs it in a process group of its own. When this script is interrupted (Ctrl-C, SIGTERM,
# SIGHUP) its whole group gets SIGTERM, and the command is waited for, so that it can clear away what it started; then this script exits.
interruptible() {
    local status=0
    set -m
    "$@" &
    set +m
    interruptible_pid=$!
    trap 'trap "" INT TERM HUP; kill -TERM -- "-$interruptible_pid" 2>/dev/null; wait "$interruptible_pid"; exit 130' INT TERM HUP
    wait "$interruptible_pid" || status=$?
    trap - INT TERM HUP
    return "$status"
}
