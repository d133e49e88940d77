# A changed setting reaches the workers of a job that runs: no worker has to be started anew for it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.reloaded;
CREATE TABLE public.reloaded AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 4000) AS i;
SQL
my $query = 'SELECT * FROM reloaded';
my $node = new_node('reload', conf => "rs2ddb.max_workers = 2\n");

sub set_max_workers
{
	$node->append_conf('postgresql.conf', "rs2ddb.max_workers = $_[0]");
	$node->reload;
}

sub loaders_are
{
	my ($count) = @_;
	return wait_for($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'rs2ddb loader'", $count);
}

# Every write waits for its reply, so that files stay in work.
gateway(slices => 8, rows_per_file => 500);
faults(rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef));
my $table = unique('reloaded');
my $job = export_job($node, $query, $table, key => q('{id}'));
ok(loaders_are(1), 'with two workers a job has one loader');
set_max_workers(5);
ok(loaders_are(4), 'with five it has four, while it runs');

# The loaders take the setting, too: they end by themselves when their files are done.
clear_faults();
$node->safe_psql('postgres', "SELECT rs2ddb_cancel($job)");
is(wait_job($node, $job)->{state}, 'canceled', 'the job is canceled');
ok(wait_for($node, no_workers()), 'and all its loaders have gone');

# One worker: the leader loads by itself, and hears of more in the middle of its file.
set_max_workers(1);
ok(wait_for($node, 'SHOW rs2ddb.max_workers', 1), 'there is one worker');
throttle(table => $table, units_per_s => 100, burst_units => 100, start_units => 0);
$job = export_job($node, $query, $table);
ok(wait_for($node, "SELECT count(*) > 0 FROM rs2ddb.file WHERE job_id = $job AND state = 'running' AND checkpoint > 0"),
	'the leader loads by itself');
set_max_workers(3);
ok(loaders_are(2), 'and starts loaders when it may');
throttle(table => $table, units_per_s => 100_000, burst_units => 100_000);
is(wait_job($node, $job)->{state}, 'succeeded', 'the job succeeds');
my ($equal, $said) = verify_table($query, $table, 'id');
ok($equal, 'and every row has arrived') or diag($said);

done_testing();
