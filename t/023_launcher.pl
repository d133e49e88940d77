# The launcher (shared_preload_libraries = 'rs2ddb'): jobs that lost their leader go on by themselves,
# in every database, whatever the leader was lost to; and nothing happens when there is nothing to do.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;
use Rs2ddb::Launcher;

reset_stand_ins();
my $node = launcher_node('launcher');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $launcher = "FROM pg_stat_activity WHERE backend_type = 'rs2ddb launcher'";

sub restarted
{
	my ($name, $since) = @_;
	ok(wait_until(sub { try_sql($node, "SELECT count(*) = 1 $launcher AND backend_start > '$since'") eq 't' }),
		"$name: there is a new launcher");
}
my $now = sub { $sql->('SELECT clock_timestamp()') };

# ---- idle -------------------------------------------------------------------------------------

ok(wait_for($node, "SELECT count(*) = 1 $launcher AND state = 'idle'"), 'the launcher is there, and idle');
ok(wait_for($node, no_workers() . " AND backend_type <> 'rs2ddb launcher'"), 'no other worker is');
my ($pid) = worker_pids($node, 'launcher');
my $switches = sub { slurp_file("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m ? $1 : die };
my $before = $switches->();
$sql->('SELECT pg_sleep(5)');
cmp_ok($switches->() - $before, '<=', 2, 'it does not wake up when nothing happens');

# ---- terminated -------------------------------------------------------------------------------

my @jobs = held_up_jobs('leaders terminated', 'postgres', 'second');
$sql->("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'rs2ddb leader'");
succeed_by_themselves('leaders terminated', @jobs);

@jobs = held_up_jobs('all workers terminated', 'postgres');
my $since = $now->();
$sql->("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'rs2ddb %'");
restarted('all workers terminated', $since);
succeed_by_themselves('all workers terminated', @jobs);

# ---- crash, restart ---------------------------------------------------------------------------

@jobs = held_up_jobs('loader killed', 'postgres', 'second');
$since = $now->();
kill 'KILL', (worker_pids($node, 'loader'))[0];
restarted('loader killed', $since);
succeed_by_themselves('loader killed', @jobs);

@jobs = held_up_jobs('leader killed', 'second');
$since = $now->();
kill 'KILL', (worker_pids($node, 'leader'))[0];
restarted('leader killed', $since);
succeed_by_themselves('leader killed', @jobs);

@jobs = held_up_jobs('launcher killed', 'second');
$since = $now->();
kill 'KILL', (worker_pids($node, 'launcher'))[0];
restarted('launcher killed', $since);
succeed_by_themselves('launcher killed', @jobs);

@jobs = held_up_jobs('immediate shutdown', 'postgres', 'second');
$node->stop('immediate');
$node->start;
succeed_by_themselves('immediate shutdown', @jobs);

nobody_stumbled();
$node->stop;

reset_stand_ins();
done_testing();
