# The launcher (shared_preload_libraries = 'rs2ddb') and what it has to live with: databases that are copied, renamed or
# dropped, tables that are locked, a leader that cleans up for others, more jobs than workers.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;
use Rs2ddb::Launcher;

reset_stand_ins();
my $node = launcher_node('launcher_databases');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $query = query_of_jobs();
my %key = (key => q('{id}'));

# ---- a database that was wanted ---------------------------------------------------------------

my @jobs = held_up_jobs('database copied', 'second');
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

nobody_stumbled();
$node->stop;

reset_stand_ins();
done_testing();
