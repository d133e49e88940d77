# The launcher (shared_preload_libraries = 'rs2ddb'): jobs that lost their leader go on by themselves,
# in every database, whatever the leader was lost to; and nothing happens when there is nothing to do.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.launched;
CREATE TABLE public.launched AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM launched';
my %key = (key => q('{id}'));
my @held_up = rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef, nth => 20);

my $node = new_node('launcher', conf => <<'CONF');
shared_preload_libraries = 'rs2ddb'
restart_after_crash = on
rs2ddb.max_workers = 6
CONF
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $launcher = "FROM pg_stat_activity WHERE backend_type = 'rs2ddb launcher'";

# Databases that the launcher must live with, some of them with the extension.
$sql->("CREATE DATABASE $_") for qw(second no_extension closed pattern);
for my $database (qw(second closed pattern))
{
	local $Rs2ddb::database = $database;
	$node->safe_psql($database, 'CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
}
$sql->('ALTER DATABASE closed ALLOW_CONNECTIONS false');
$sql->('ALTER DATABASE pattern IS_TEMPLATE true');

# Jobs that are held up in loading, in both databases; returns [database, job, table] of each.
sub held_up_jobs
{
	my ($name, @databases) = @_;
	gateway(rows_per_file => 1000, slices => 2);
	faults(@held_up);
	my @jobs;
	for my $database (@databases)
	{
		local $Rs2ddb::database = $database;
		my $table = unique('launched');
		my $job = export_job($node, $query, $table, %key, workers => 1);
		ok(wait_for($node, "SELECT count(*) > 0 FROM rs2ddb.file WHERE job_id = $job AND state = 'running'"),
			"$name: a job loads in $database");
		push @jobs, [ $database, $job, $table ];
	}
	ok(wait_until(\&fired), "$name: writes are held up");
	return @jobs;
}

# Nobody calls rs2ddb; the jobs succeed all the same.
sub succeed_by_themselves
{
	my ($name, @jobs) = @_;
	clear_faults();
	for (@jobs)
	{
		my ($database, $job, $table) = @$_;
		local $Rs2ddb::database = $database;
		ok(wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $job", 'succeeded'),
			"$name: the job in $database goes on and succeeds");
		my $row = job_row($node, $job);
		is($row->{attempt}, 1, "$name: there was one UNLOAD");
		is(scalar(unload_states($row)), 1, "$name: the warehouse says so too");
		ok(ledger_balances($node, $job), "$name: the ledger balances");
		my ($equal, $said) = verify_table($query, $table, 'id');
		ok($equal, "$name: every row has arrived") or diag($said);
	}
}

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

# ---- a database that was wanted ---------------------------------------------------------------

@jobs = held_up_jobs('database copied', 'second');
$sql->('CREATE DATABASE copy TEMPLATE second');
succeed_by_themselves('database copied', @jobs);
is($node->safe_psql('copy', "SELECT state FROM rs2ddb.job WHERE job_id = $jobs[0][1]"), 'queued', 'database copied: in the copy it is left alone');

@jobs = held_up_jobs('database renamed', 'second');
$sql->('ALTER DATABASE second RENAME TO third');
$sql->('ALTER DATABASE third RENAME TO second');
succeed_by_themselves('database renamed', @jobs);

(undef) = held_up_jobs('database dropped', 'second');
$sql->('ALTER DATABASE second RENAME TO dropped');
$sql->('DROP DATABASE dropped');
clear_faults();
$sql->('CREATE DATABASE second');
{
	local $Rs2ddb::database = 'second';
	$node->safe_psql('second', 'CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
}
@jobs = held_up_jobs('extension dropped', 'second');
$node->safe_psql('second', 'DROP EXTENSION rs2ddb CASCADE');
clear_faults();
ok(wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type LIKE 'rs2ddb %'"), 'extension dropped: only the launcher stays');
{
	local $Rs2ddb::database = 'second';
	$node->safe_psql('second', 'CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
}

# ---- resumed while its last leader cleans up for others -----------------------------------------

sub idle { return wait_for($node, no_workers() . " AND backend_type <> 'rs2ddb launcher'"); }
{
	my $name = 'resumed early';
	my $other = export_and_wait($node, 'SELECT 1 AS id', unique('launched'), %key)->{job_id};
	ok(idle(), "$name: no worker is left");
	@jobs = held_up_jobs($name, 'postgres');
	my $job = $jobs[0][1];
	my ($leader) = worker_pids($node, 'leader');
	$sql->("SELECT pg_terminate_backend($leader)");
	ok(wait_for($node, "SELECT j.state = 'loading' AND a.pid <> $leader FROM rs2ddb.job j JOIN pg_stat_activity a ON a.pid = j.leader_pid
		WHERE job_id = $job"), "$name: the launcher gives it a new leader");
	($leader) = worker_pids($node, 'leader');
	$sql->("INSERT INTO rs2ddb.leftover (owner, owner_oid, server, server_oid, bucket, prefix, job, system_identifier, database_oid)
		SELECT owner, owner_oid, server, server_oid, '$ENV{RS2DDB_S3_BUCKET}', 'rs2ddb/none/', job_id, system_identifier, database_oid
		FROM rs2ddb.job WHERE job_id = $other");
	clear_faults();
	faults(rule(ListObjectsV2 => { type => 'delay', ms => 900_000 }, times => undef),
		rule(BatchWriteItem => { type => 'error', status => 400, code => 'AccessDeniedException' }, times => undef));
	ok(wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $job", 'failed'), "$name: the job fails");
	is($sql->("SELECT count(*) FROM pg_stat_activity WHERE pid = $leader"), '1', "$name: its leader cleans up what another left, and S3 hangs");
	clear_faults();
	$sql->("SELECT rs2ddb_resume($job)");
	succeed_by_themselves($name, @jobs);
	$sql->("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $leader AND backend_type = 'rs2ddb leader'");
	ok(idle(), "$name: no worker is left in the end");
}

# ---- a visitor that has to wait -----------------------------------------------------------------

{
	my $name = 'locked tables';
	@jobs = held_up_jobs($name, 'postgres', 'second');
	my $lock = $node->background_psql('second');
	$lock->query_safe('BEGIN; LOCK TABLE rs2ddb.job');
	$sql->("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'rs2ddb leader' AND datname = 'second'");
	ok(wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'rs2ddb leader' AND datname = 'second' AND wait_event_type = 'Lock'"),
		"$name: who visits the database waits for them");
	$sql->("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'rs2ddb leader' AND datname = 'postgres'");
	succeed_by_themselves("$name elsewhere", $jobs[0]);
	$lock->query_safe('COMMIT');
	$lock->quit;
	succeed_by_themselves($name, $jobs[1]);
}

# ---- more jobs than workers -------------------------------------------------------------------

$node->append_conf('postgresql.conf', 'rs2ddb.max_workers = 1');
$node->restart;
@jobs = held_up_jobs('one slot', 'postgres');
{
	local $Rs2ddb::database = 'second';
	for (1 .. 2)
	{
		my $table = unique('launched');
		push @jobs, [ 'second', export_job($node, $query, $table, %key), $table ];
	}
	ok(wait_for($node, "SELECT count(*) = 2 FROM rs2ddb.job WHERE state = 'queued'"), 'one slot: jobs of another database wait for it');
}
succeed_by_themselves('one slot', @jobs);

# ---- no worker process of the server is free --------------------------------------------------

# Logical replication and rs2ddb have their launchers; the third is for a job.
$node->append_conf('postgresql.conf', "rs2ddb.max_workers = 4\nmax_worker_processes = 3");
$node->restart;
@jobs = held_up_jobs('one process', 'postgres');
{
	local $Rs2ddb::database = 'second';
	my $table = unique('launched');
	my ($status, $job, $warning) = $node->psql('second',
		"SELECT rs2ddb_export('$query', '$table', server => 'warehouse', key => '{id}')");
	like($warning, qr/WARNING: .*no background worker is free/, 'one process: an export warns at its commit');
	like($warning, qr/HINT:  It starts by itself when one is free/, 'one process: and says that nobody has to call');
	push @jobs, [ 'second', $job, $table ];
}
succeed_by_themselves('one process', @jobs);

# ---- what the launcher lives with -------------------------------------------------------------

unlike(slurp_file($node->logfile), qr/(?:ERROR|FATAL):(?!.*(?:terminating|shutting down|starting up|recovery|not yet accepting))/,
	'no worker stumbled over a database without the extension, a closed one or a template');
$node->stop;

reset_stand_ins();
done_testing();
