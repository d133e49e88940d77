# What is done to a database while a job runs in it: DROP DATABASE, CREATE DATABASE ... TEMPLATE, renaming, DROP
# EXTENSION, dump and restore. It works within seconds; a copy shows the job and never runs it.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Rs2ddb;
use Rs2ddb::Faults;

# PostgreSQL itself gives up after 5 s; the bound is generous for a busy machine.
use constant GUARD_S => 5;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.operated;
CREATE TABLE public.operated AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM operated';
my %key = (key => q('{id}'));
my $count = 0;

my $node = new_node('operations');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
$sql->('CREATE ROLE plain LOGIN CREATEDB; CREATE ROLE other LOGIN');

# A database with the extension and a warehouse; its name.
sub new_database
{
	my $name = 'operated' . ++$count;
	$sql->("CREATE DATABASE $name OWNER plain");
	local $Rs2ddb::database = $name;
	$node->safe_psql($name, 'CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	return $name;
}

# What holds a job up in each of its states, and how we know that it got there: its workers wait for a
# remote side that does not answer.
my %hold = (
	preparing => sub { gateway(hang_connect => JSON::PP::true) },
	unloading => sub { gateway(unload_hold => JSON::PP::true) },
	loading => sub { faults(rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef, nth => 20)) },
	finishing => sub { faults({ service => 's3', match => { method => 'POST' }, times => 1, action => { type => 'delay', ms => 900_000 } }) });

sub release
{
	clear_faults();
	gateway(hang_connect => JSON::PP::false, unload_hold => JSON::PP::false);
}

# A job in the database that got to the state and goes no further; its id and its table.
sub job_held_in
{
	my ($state, $name) = @_;
	my $table = unique('operated');
	gateway(rows_per_file => 1000, slices => 2);
	$hold{$state}->();
	my $job = export_job($node, $query, $table, %key);
	my $there = { unloading => 'stage_prefix IS NOT NULL' }->{$state} // 'true';
	ok(wait_for($node, "SELECT state = '$state' AND $there FROM rs2ddb.job WHERE job_id = $job"), "$name: a job is $state");
	ok(wait_until(\&fired), "$name: and waits") if $state eq 'loading' || $state eq 'finishing';
	return ($job, $table);
}

# The statement works while the job runs, for a plain owner of the database.
sub works
{
	my ($name, $statement, $database) = @_;
	my $begin = time;
	my ($status, $out, $err) = $node->psql($database // 'postgres', $statement, extra_params => [ '-U', 'plain' ]);
	my $took = time - $begin;
	is($err, '', "$name: works");
	cmp_ok($took, '<', GUARD_S, "$name: within seconds");
	note(sprintf '%s: %.2f s', $name, $took);
}

sub complete
{
	my ($name, $job, $table, $unloads) = @_;
	job_is_complete($node, $name, $job, $query, $table, $unloads);
}

sub log_since { my ($offset) = @_; return substr(slurp_file($node->logfile), $offset); }

# ---- DROP DATABASE ----------------------------------------------------------------------------

for my $state (qw(preparing unloading loading finishing))
{
	local $Rs2ddb::database = new_database();
	my $name = "DROP DATABASE in $state";
	my $offset = -s $node->logfile;
	job_held_in($state, $name);
	works($name, "DROP DATABASE $Rs2ddb::database");
	is($sql->("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'rs2ddb %'"), '0', "$name: no worker is left");
	like(log_since($offset), qr/LOG:  rs2ddb: rs2ddb leader of job \d+ leaves its database/, "$name: the log says who left");
	unlike(log_since($offset), qr/ERROR|FATAL|PANIC/, "$name: without an error");
	release();
}

# ---- CREATE DATABASE ... TEMPLATE -------------------------------------------------------------

for my $state (qw(unloading loading))
{
	local $Rs2ddb::database = new_database();
	my $name = "CREATE DATABASE TEMPLATE in $state";
	my $copy = "copy_in_$state";
	my ($job, $table) = job_held_in($state, $name);
	my $files = job_row($node, $job);
	works($name, "CREATE DATABASE $copy TEMPLATE $Rs2ddb::database");
	is(job_row($node, $job)->{state}, 'queued', "$name: the job is queued again");
	is($node->safe_psql($Rs2ddb::database, "SELECT count(*) FROM rs2ddb.file WHERE state = 'running' OR loader_pid IS NOT NULL"),
		'0', "$name: its files are given back");
	release();
	{
		local $Rs2ddb::database = $copy;
		my ($status, $out, $err) = $node->psql($copy, "SELECT rs2ddb_wait($job)");
		like($err, qr/job $job does not run here/, "$name: the copy shows the job as one of elsewhere");
		is(scalar(worker_pids($node, 'leader')), 0, "$name: and runs nothing");
		is($node->safe_psql($copy, "SELECT rs2ddb_cancel($job)"), 't', "$name: it can be canceled there");
		$node->safe_psql($copy, "SELECT rs2ddb_resume($job)");
		my $resumed = wait_job($node, $job);
		is($resumed->{state}, 'succeeded', "$name: resumed in the copy, it runs there") or diag($resumed->{error_message});
		isnt($resumed->{stage_prefix}, $files->{stage_prefix}, "$name: with an UNLOAD of its own");
		cmp_ok(scalar(stage_files($files)), '>', 0, "$name: which leaves the files of the original alone");
	}
	wait_job($node, $job);
	complete("$name, the original", $job, $table, 1);
}

{
	my $name = 'CREATE DATABASE TEMPLATE, files that wait to be deleted';
	local $Rs2ddb::database = new_database();
	my $original = $Rs2ddb::database;
	faults(rule(DeleteObjects => { type => 'error', status => 403, code => 'AccessDenied' }, times => undef));
	my $job = export_and_wait($node, $query, unique('operated'), %key);
	is($node->safe_psql($original, 'UPDATE rs2ddb.leftover SET next_try = now() RETURNING job'), $job->{job_id}, "$name: a job leaves some");
	ok(wait_for($node, no_workers()), "$name: its workers are gone");
	$sql->("CREATE DATABASE copy_of_doomed TEMPLATE $original");
	clear_faults();
	$Rs2ddb::database = 'copy_of_doomed';
	is(export_and_wait($node, $query, unique('operated'), %key)->{state}, 'succeeded', "$name: a job runs in the copy");
	ok(wait_for($node, no_workers()), "$name: and ends");
	cmp_ok(scalar(stage_files($job)), '>', 0, "$name: the files of the original are not the copy's to delete");
	$Rs2ddb::database = $original;
	is(export_and_wait($node, $query, unique('operated'), %key)->{state}, 'succeeded', "$name: a job runs in the original");
	ok(wait_for($node, 'SELECT count(*) = 0 FROM rs2ddb.leftover'), "$name: and deletes them");
	is(join(' ', stage_files($job)), '', "$name: none is left");
}

# ---- other statements that want the database for themselves -----------------------------------

{
	local $Rs2ddb::database = new_database();
	my ($job, $table) = job_held_in('loading', 'ALTER DATABASE RENAME');
	works('ALTER DATABASE RENAME', "ALTER DATABASE $Rs2ddb::database RENAME TO renamed");
	release();
	$Rs2ddb::database = 'renamed';
	wait_job($node, $job);
	complete('ALTER DATABASE RENAME', $job, $table, 1);
}

# ---- DROP EXTENSION ---------------------------------------------------------------------------

for my $state (qw(preparing unloading loading finishing))
{
	local $Rs2ddb::database = new_database();
	my $name = "DROP EXTENSION in $state";
	my $offset = -s $node->logfile;
	my ($job) = job_held_in($state, $name);
	my $row = job_row($node, $job);
	my $begin = time;
	$node->safe_psql($Rs2ddb::database, 'DROP EXTENSION rs2ddb CASCADE');
	cmp_ok(time - $begin, '<', GUARD_S, "$name: works at once");
	ok(wait_for($node, no_workers()), "$name: the workers end by themselves");
	like(log_since($offset), qr/LOG:  rs2ddb: rs2ddb leader of job \d+ ends, the extension was dropped/, "$name: the log says why");
	unlike(log_since($offset), qr/ERROR|FATAL|PANIC/, "$name: without an error");
	is(join(' ', stage_files($row)), '', "$name: and leave nothing on S3") if $row->{stage_prefix};
	is(join(' ', unload_states($row)), 'aborted', "$name: the UNLOAD is cancelled") if $state eq 'unloading';
	release();
	$node->safe_psql($Rs2ddb::database, 'CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	is(export_and_wait($node, 'SELECT 1 AS id', unique('operated'), %key)->{state}, 'succeeded', "$name: created again, it works");
}

# ---- dump and restore -------------------------------------------------------------------------

{
	local $Rs2ddb::database = new_database();
	my $original = $Rs2ddb::database;
	my $done = export_and_wait($node, 'SELECT 1 AS id UNION ALL SELECT NULL', unique('operated'), %key, max_rejects => 5);
	is("$done->{state} $done->{rows_rejected}", 'succeeded 1', 'dump: a job has succeeded, with a reject');
	my ($job, $table) = job_held_in('loading', 'dump');
	my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
	my $said = '';
	ok(IPC::Run::run([ 'pg_dump', '-d', $node->connstr($original), '-f', $dump ], '2>', \$said), 'pg_dump works while a job runs') or diag($said);
	is($said, '', 'and has nothing to remark');
	my $counts = 'SELECT (SELECT count(*) FROM rs2ddb.job), (SELECT count(*) FROM rs2ddb.file), (SELECT count(*) FROM rs2ddb.reject),
		(SELECT count(*) FROM rs2ddb.event)';
	my $before = $node->safe_psql($original, $counts);
	$sql->('CREATE DATABASE restored TEMPLATE template0');
	ok(IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], '>', \my $out, '2>', \$said),
		'its dump can be restored') or diag($said);
	$Rs2ddb::database = 'restored';
	is($node->safe_psql('restored', $counts), $before, 'jobs, files, rejects and events are there');
	my ($status, $wait, $err) = $node->psql('restored', "SELECT rs2ddb_wait($job)");
	like($err, qr/job $job does not run here/, 'the running job is shown as one of elsewhere');
	release();
	my $next = export_and_wait($node, 'SELECT 1 AS id', unique('operated'), %key);
	is("$next->{state} $next->{job_id}", 'succeeded ' . ($job + 1), 'the next export goes on counting');
	is(job_row($node, $job)->{state}, 'loading', 'and leaves the job of elsewhere alone');
	$Rs2ddb::database = $original;
	wait_job($node, $job);
	complete('the original', $job, $table, 1);
	$Rs2ddb::database = 'restored';
	$node->safe_psql('restored', "SELECT rs2ddb_resume($job)");
	is(wait_job($node, $job)->{state}, 'succeeded', 'resumed in the restored database, the job runs there');
}

reset_stand_ins();
$node->stop;
done_testing();
