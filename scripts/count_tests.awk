#!/usr/bin/awk -f
# Counts passed and failed tests in the output of cmocka, node:test, pg_regress and prove -v,
# and of scripts that print "ok - ..." and "not ok - ...". Prints "PASSED FAILED".
/^\[       OK \]/ { ok++ }
/^\[  FAILED  \] [a-z_0-9]+$/ { bad++ }
/^# pass [0-9]+$/ || /^ℹ pass [0-9]+$/ { ok += $NF }
/^# fail [0-9]+$/ || /^ℹ fail [0-9]+$/ { bad += $NF }
/^test [^ ]+ +\.\.\. ok/ { ok++ }
/^test [^ ]+ +\.\.\. FAILED/ { bad++ }
/^ok [0-9]* *-/ || /^ok -/ { ok++ }
/^not ok [0-9]* *-/ || /^not ok -/ { if ($0 !~ /# TODO/) bad++ }
END { print ok + 0, bad + 0 }
