# What happens to a job whose worker, leader or whole server is lost in the middle.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Rs2ddb;
use Rs2ddb::Faults;

# Only a guard against a shutdown that hangs.
use constant SHUTDOWN_GUARD_S => 60;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.lost_workers;
CREATE TABLE public.lost_workers AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM lost_workers';
my %key = (key => q('{id}'));

my $node = new_node('lost_workers', conf => "restart_after_crash = on\nrs2ddb.max_workers = 4\n");
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $reaches = sub { my ($job, $state) = @_; wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $job", $state) };

# Every write fails until clear_faults; or its reply does not come, from the 20th on.
my @held_up = rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef);
my @stuck = rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef, nth => 20);

# The job has succeeded and everything is where it should be.
sub complete
{
	my ($name, $job, $table) = @_;
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag($job->{error_message});
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

# A job with one file that has come to its middle and goes no further; returns its row.
sub stuck_job
{
	my ($name, $table) = @_;
	gateway(slices => 1, rows_per_file => 0);
	my $under_way = sub { counters()->{in_flight}{dynamodb} };
	my $others = $under_way->();
	faults(@stuck);
	my $job = export_job($node, $query, $table, %key);
	ok(wait_for($node, "SELECT count(*) = 1 FROM rs2ddb.file WHERE job_id = $job AND state = 'running' AND checkpoint > 0")
		&& wait_until(sub { my $stuck = fired(); $stuck > 0 && $under_way->() - $others <= $stuck }),
		"$name: a job is in the middle of its file");
	clear_faults();
	return job_row($node, $job);
}

my $checkpoint = sub { $sql->("SELECT checkpoint FROM rs2ddb.file WHERE job_id = $_[0]") };

# ---- lost workers -----------------------------------------------------------------------------

my $table = unique('lost-workers');
my $job = stuck_job('loader terminated', $table);
my $written = counters()->{items_written};
my ($loader) = worker_pids($node, 'loader');
is($sql->("SELECT loader_pid FROM rs2ddb.file WHERE job_id = $job->{job_id}"), $loader, 'a loader has the file');
$sql->("SELECT pg_terminate_backend($loader)");
$job = wait_job($node, $job->{job_id});
complete('loader terminated', $job, $table);
is($sql->("SELECT tries FROM rs2ddb.file WHERE job_id = $job->{job_id}"), '2', 'loader terminated: another took its file');
cmp_ok($sql->("SELECT rows_read FROM rs2ddb.file WHERE job_id = $job->{job_id}"), '==', 2000, 'loader terminated: and read it to the end');
cmp_ok(counters()->{items_written} - $written, '<', 2000, 'loader terminated: it went on at the checkpoint');
is($job->{attempt}, 1, 'loader terminated: there was one UNLOAD');

$table = unique('lost-workers');
gateway(rows_per_file => 100, slices => 4);
faults(@held_up);
$job = export_job($node, $query, $table, %key);
ok(wait_until(\&fired), 'leader terminated: a job loads');
$sql->('SELECT pg_terminate_backend(' . (worker_pids($node, 'leader'))[0] . ')');
ok(wait_for($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'rs2ddb leader'"), 'leader terminated: it has no leader');
clear_faults();
$job = wait_job($node, $job);
complete('leader terminated, then rs2ddb_wait', $job, $table);
is($job->{attempt}, 1, 'leader terminated: there was one UNLOAD');
is($sql->("SELECT count(*) FROM rs2ddb.event WHERE job_id = $job->{job_id} AND message LIKE '%leader was lost%'"), '1',
	'leader terminated: an event tells it');

my @tables = map { unique('lost-workers') } 1 .. 2;
faults(@held_up);
$job = export_job($node, $query, $tables[0], %key);
ok(wait_until(\&fired), 'leader terminated: another job loads');
$sql->('SELECT pg_terminate_backend(' . (worker_pids($node, 'leader'))[0] . ')');
ok(wait_for($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'rs2ddb leader'"), 'leader terminated: it has no leader');
clear_faults();
my $next = export_job($node, $query, $tables[1], %key);
ok($reaches->($job, 'succeeded'), 'leader terminated: the next export gives it a new one');
complete('leader terminated, then rs2ddb_export', job_row($node, $job), $tables[0]);
complete('the next export', wait_job($node, $next), $tables[1]);

$table = unique('lost-workers');
faults(rule(DescribeTable => { type => 'delay', ms => 900_000 }));
$job = export_job($node, $query, $table, %key);
ok(wait_until(\&fired), 'leader terminated, short waits: a job is prepared');
$sql->('SELECT pg_terminate_backend(' . (worker_pids($node, 'leader'))[0] . ')');
ok(wait_for($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'rs2ddb leader'"), 'leader terminated, short waits: it has no leader');
clear_faults();
ok(wait_until(sub { $sql->("SELECT state FROM rs2ddb_wait($job, '50 ms')") eq 'succeeded' }),
	'leader terminated: waits that give up at once give it a new one');
complete('leader terminated, short waits', job_row($node, $job), $table);

# ---- lost server ------------------------------------------------------------------------------

for my $way ('rs2ddb_resume', 'the next export')
{
	my $name = "loader killed, then $way";
	my $table = unique('lost-workers');
	my $job = stuck_job($name, $table);
	my $before = $checkpoint->($job->{job_id});
	my $started = $sql->('SELECT pg_postmaster_start_time()');
	my ($loader) = worker_pids($node, 'loader');
	kill 'KILL', $loader;
	ok(wait_until(sub { try_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $loader") eq '0' }),
		"$name: the server has restarted");
	is(job_row($node, $job->{job_id})->{state}, 'loading', "$name: the job is where it was");
	cmp_ok($checkpoint->($job->{job_id}), '>=', $before, "$name: its checkpoint is kept");
	if ($way eq 'rs2ddb_resume') { $sql->("SELECT rs2ddb_resume($job->{job_id})"); }
	else { wait_job($node, export_job($node, $query, unique('lost-workers'), %key)); }
	ok($reaches->($job->{job_id}, 'succeeded'), "$name: the job goes on");
	$job = job_row($node, $job->{job_id});
	complete($name, $job, $table);
	is($job->{attempt}, 1, "$name: there was one UNLOAD");
}

# ---- shutdown ---------------------------------------------------------------------------------

sub restart
{
	my ($name) = @_;
	my $start = time;
	$node->stop('fast');
	cmp_ok(time - $start, '<', SHUTDOWN_GUARD_S, "$name: the server stops");
	$node->start;
}

$table = unique('lost-workers');
$job = stuck_job('shutdown in loading', $table);
restart('shutdown in loading');
cmp_ok($checkpoint->($job->{job_id}), '>', 0, 'shutdown in loading: the checkpoint is kept');
$sql->("SELECT rs2ddb_resume($job->{job_id})");
$job = wait_job($node, $job->{job_id});
complete('shutdown in loading', $job, $table);
is($job->{attempt}, 1, 'shutdown in loading: there was one UNLOAD');

$table = unique('lost-workers');
gateway(rows_per_file => 100, slices => 4, unload_hold => JSON::PP::true);
$job = export_job($node, $query, $table, %key);
ok(wait_for($node, "SELECT state = 'unloading' AND stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"),
	'shutdown in unloading: a job unloads');
my $attempt = job_row($node, $job);
ok(wait_until(sub { stage_files($attempt) > 0 }), 'shutdown in unloading: some of its files are written');
restart('shutdown in unloading');
$sql->("SELECT rs2ddb_resume($job)");
ok(wait_for($node, "SELECT leader_pid IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'shutdown in unloading: its next leader follows the UNLOAD');
gateway(unload_hold => JSON::PP::false);
$job = wait_job($node, $job);
complete('shutdown in unloading', $job, $table);
is($job->{attempt}, 1, 'shutdown in unloading: the UNLOAD, which went on, was not run again');
is($job->{stage_prefix}, $attempt->{stage_prefix}, 'shutdown in unloading: its files were loaded');
is(join(' ', unload_states($attempt)), 'completed', 'shutdown in unloading: the warehouse ran it to its end');
is(join(' ', stage_files($attempt)), '', 'shutdown in unloading: and its files are deleted');

$table = unique('lost-workers');
gateway(unload_delay_ms => 900_000);
$job = export_job($node, $query, $table, %key);
ok(wait_for($node, "SELECT state = 'unloading' AND stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"),
	'cancel after a shutdown: a job unloads');
$attempt = job_row($node, $job);
ok(wait_until(sub { stage_files($attempt) > 0 }), 'cancel after a shutdown: some of its files are written');
restart('cancel after a shutdown');
is($sql->("SELECT rs2ddb_cancel($job)"), 't', 'cancel after a shutdown: nobody leads the job, cancel returns true');
is(wait_job($node, $job)->{state}, 'canceled', 'cancel after a shutdown: the job is canceled');
ok(wait_until(sub { join(' ', unload_states($attempt)) eq 'aborted' }), 'cancel after a shutdown: so is the UNLOAD that was left behind');
ok(wait_until(sub { stage_files($attempt) == 0 }), 'cancel after a shutdown: and its files are deleted');
gateway(unload_delay_ms => 0);

reset_stand_ins();
$node->stop;
done_testing();
