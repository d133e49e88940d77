# A worker that leaves gives its file back before its lock on it ends with its process. Whoever claims the file in
# between waits for it: neither the file nor the job fails.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.busy;
CREATE TABLE public.busy AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 300) AS i;
SQL
my $query = 'SELECT * FROM busy';
my $library = PostgreSQL::Test::Utils::tempdir() . '/hold_file.so';
my $headers = `pg_config --includedir-server`;
chomp $headers;
system_or_bail($ENV{CC} // 'cc', '-shared', '-fPIC', "-I$headers", '-o', $library, 't/lib/hold_file.c');
my $node = new_node('busy_file');
$node->safe_psql('postgres', "CREATE FUNCTION hold_file(bigint, integer) RETURNS boolean STRICT LANGUAGE c AS '$library'");
gateway(slices => 3, rows_per_file => 100);

for my $workers (1, 4)
{
	my $who = $workers == 1 ? 'a leader that loads by itself' : 'a loader';
	$node->append_conf('postgresql.conf', "rs2ddb.max_workers = $workers");
	$node->reload;
	ok(wait_for($node, 'SHOW rs2ddb.max_workers', $workers), "workers: $workers");
	my $job = 1 + $node->safe_psql('postgres', 'SELECT COALESCE(max(job_id), 0) FROM rs2ddb.job');
	my $holder = $node->background_psql('postgres');
	$holder->query_safe("SELECT hold_file($job, 2)");
	my $table = unique('busy');
	is(export_job($node, $query, $table, key => q('{id}')), $job, 'a job is queued whose second file is held');
	ok(wait_for($node, "SELECT count(*) = 2 FROM rs2ddb.file WHERE job_id = $job AND state = 'done'"), "$who loads the others");
	is(job_row($node, $job)->{state}, 'loading', 'and the job waits for it');
	$holder->quit;
	my $row = wait_job($node, $job);
	is($row->{state}, 'succeeded', 'it succeeds when the file is free') or diag($row->{error_message});
	ok(ledger_balances($node, $job), 'its ledger balances');
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, 'and every row has arrived') or diag($said);
}

done_testing();
