# What fails on this server while a worker waits for a remote side is no word of that side: the wait goes
# on. The look that a waiting worker takes once a second needs a lock, so a full lock table makes it fail.
use strict;
use warnings;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.local_errors;
CREATE TABLE public.local_errors AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 500) AS i;
SQL
my $node = new_node('local_errors', conf => "max_connections = 20\nmax_locks_per_transaction = 10\n");
my $query = 'SELECT * FROM local_errors';
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
gateway(rows_per_file => 100);

# Takes all that is left of the lock table and holds it for four seconds, in which several looks fail.
sub fill_lock_table
{
	$sql->(<<~'SQL');
		DO $$
		BEGIN
			BEGIN
				FOR i IN 1..1000000 LOOP PERFORM pg_advisory_lock(i); END LOOP;
			EXCEPTION WHEN out_of_memory THEN NULL;
			END;
			PERFORM pg_sleep(4);
			PERFORM pg_advisory_unlock_all();
		END $$
		SQL
}

sub complaints { return scalar(() = slurp_file($node->logfile) =~ /could not look whether it may stay in its database: out of shared memory/g); }

my $name = 'the lock table is full while the UNLOAD runs';
gateway(unload_hold => $yes);
my $table = unique('local-errors');
my $job = export_job($node, $query, $table, key => q('{id}'));
ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), "$name: it is sent");
my $row = job_row($node, $job);
ok(wait_until(sub { stage_files($row) > 0 }), "$name: it has written some files");
fill_lock_table();
is(join(' ', unload_states($row)), 'running', "$name: it goes on");
is($sql->("SELECT state FROM rs2ddb.job WHERE job_id = $job"), 'unloading', "$name: and its leader waits for it");
gateway(unload_hold => $no);
$sql->("SELECT rs2ddb_wait($job, '1 minute')");
job_is_complete($node, $name, $job, $query, $table, 1);
is($sql->("SELECT count(*) FROM rs2ddb.event WHERE job_id = $job AND message IS NOT NULL"), '0', "$name: no event tells of it");
is(complaints(), 1, "$name: the log does, once");

$name = 'the lock table is full while DynamoDB is slow';
faults(rule(DescribeTable => { type => 'delay', ms => 8000 }));
$table = unique('local-errors');
$job = export_job($node, $query, $table, key => q('{id}'));
ok(wait_until(\&fired), "$name: it is");
fill_lock_table();
$sql->("SELECT rs2ddb_wait($job, '1 minute')");
job_is_complete($node, $name, $job, $query, $table, 1);
is(complaints(), 2, "$name: the log tells of it");

$name = 'a cancel while the lock table is full';
gateway(unload_hold => $yes);
$job = export_job($node, $query, unique('local-errors'), key => q('{id}'));
ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), "$name: an UNLOAD is sent");
my ($leader) = worker_pids($node, 'leader');
fill_lock_table();
$sql->("SELECT rs2ddb_cancel($job)");
is($sql->("SELECT state FROM rs2ddb_wait($job, '30 s')"), 'canceled', "$name: the job is canceled");

$node->stop;
reset_stand_ins();
done_testing();
