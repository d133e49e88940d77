# How many rejects of a job are stored: all of them up to rs2ddb.max_stored_rejects, the first ones, however many
# loaders store at once; and what is told when some are only counted.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
-- every second row of a file is bad
DROP TABLE IF EXISTS public.stored_rejects;
CREATE TABLE public.stored_rejects AS
  SELECT i AS id, CASE WHEN (i / 4) % 2 = 0 THEN i END AS half, (i % 7)::varchar(10) AS name
  FROM generate_series(1, 8000) AS i;
SQL
my $node = new_node('stored_rejects', conf => "rs2ddb.max_workers = 6\n");
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $query = 'SELECT half, id, name FROM stored_rejects ORDER BY id';
my %args = (key => q('{half}'), workers => 4);
gateway(rows_per_file => 1000, slices => 4);

sub stored { my ($job) = @_; return $sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $job"); }

# What the job's row says of its rejects, and what is really there.
sub counts
{
	my ($job) = @_;
	return $sql->("SELECT state, rows_rejected, rejects_stored, (SELECT count(*) FROM rs2ddb.reject r WHERE r.job_id = j.job_id),
		(SELECT sum(f.rejects_stored) FROM rs2ddb.file f WHERE f.job_id = j.job_id) FROM rs2ddb.job j WHERE job_id = $job");
}

sub bound
{
	my ($value) = @_;
	$node->append_conf('postgresql.conf', "rs2ddb.max_stored_rejects = $value");
	$node->reload;
	ok(wait_for($node, 'SHOW rs2ddb.max_stored_rejects', $value), "at most $value rejects of a job are stored");
}

is($sql->("LOAD 'rs2ddb'; SHOW rs2ddb.max_stored_rejects"), '10000', 'at most 10000 rejects of a job are stored, if nothing is said');
my $job = export_and_wait($node, $query, unique('stored-rejects'), %args, max_rejects => 4000);
is(counts($job->{job_id}), 'succeeded|4000|4000|4000|4000', 'below the bound each reject is stored');
is($sql->("SELECT message FROM rs2ddb.event WHERE job_id = $job->{job_id} AND state = 'succeeded'"), '', 'and there is nothing to say about it');

# ---- the bound --------------------------------------------------------------------------------

bound(777);
my $table = unique('stored-rejects');
$job = export_and_wait($node, $query, $table, %args, max_rejects => 4000);
my $id = $job->{job_id};
is(counts($id), 'succeeded|4000|777|777|777', 'loaders that store at once store as many as the bound says together, and count all');
ok(ledger_balances($node, $id), 'the ledger balances');
my $told = qr/777 of 4000 rejects are stored in rs2ddb\.reject/;
like($sql->("SELECT message FROM rs2ddb.event WHERE job_id = $id AND state = 'succeeded'"), $told, 'the event says so');
my ($status, $out, $err) = $node->psql('postgres', "SELECT state FROM rs2ddb_wait($id)");
like($err, qr/NOTICE: .*$told/, 'and rs2ddb_wait');
is($sql->("SELECT bool_and(row_number <= 2 * n + 4) FROM (SELECT row_number, row_number() OVER (PARTITION BY file_no ORDER BY row_number) AS n
	FROM rs2ddb.reject WHERE job_id = $id) r"), 't', 'of each file they are its first ones');

$job = export_and_wait($node, $query, $table, %args);
$id = $job->{job_id};
is(counts($id), 'failed|4000|777|777|777', 'the same for a job that tolerates none');
like($job->{error_detail}, qr/^First: .*$told/, 'whose error says so');

# ---- resume -----------------------------------------------------------------------------------

$sql->("SELECT rs2ddb_resume($id)");
wait_job($node, $id);
is(counts($id), 'failed|4000|777|777|777', 'resumed, they are replaced');
bound(5000);
$sql->("SELECT rs2ddb_resume($id)");
wait_job($node, $id);
is(counts($id), 'failed|4000|4000|4000|4000', 'with a higher bound more of them are stored');
bound(0);
$sql->("SELECT rs2ddb_resume($id)");
$job = wait_job($node, $id);
is(counts($id), 'failed|4000|0|0|0', 'with 0 none is');
like($job->{error_detail}, qr/^0 of 4000 rejects are stored/, 'which the error says');
bound(777);

# A resume that fails before anything is loaded has no rejects: their rows are not settled any more.
faults(rule(DescribeTable => { type => 'error', status => 400, code => 'AccessDeniedException' }, times => undef));
$sql->("SELECT rs2ddb_resume($id)");
wait_job($node, $id);
is(counts($id), 'failed|0|0|0|0', 'a resume that fails before it loads counts none, and stores none');
clear_faults();

# ---- a loader is lost -------------------------------------------------------------------------

# One loader stores a few rejects of rows that are not settled yet, for DynamoDB is silent about an earlier one.
my $late = 'SELECT id, CASE WHEN id <= 100 THEN id END AS early, name FROM stored_rejects WHERE id <= 400 ORDER BY id';
gateway(rows_per_file => 400, slices => 1);
faults(rule(BatchWriteItem => { type => 'hang' }, times => 1));
$id = export_job($node, $late, unique('stored-rejects'), key => q('{early}'), max_rejects => 300, workers => 1);
ok(wait_for($node, "SELECT count(*) >= 200 FROM rs2ddb.reject WHERE job_id = $id"), 'rejects are stored beyond the checkpoint');
cmp_ok($sql->("SELECT sum(checkpoint) FROM rs2ddb.file WHERE job_id = $id"), '<', 100, 'which stands before them');
clear_faults();
my ($loader) = worker_pids($node, 'loader');
$sql->("SELECT pg_terminate_backend($loader)") if $loader;
wait_job($node, $id);
is(counts($id), 'succeeded|300|300|300|300', 'after its loader was lost each reject is stored once, and counted once');

# ---- nothing but rejects ----------------------------------------------------------------------

gateway(rows_per_file => 2000, slices => 4);
faults(rule(BatchWriteItem => { type => 'delay', ms => 3000 }, times => 4, nth => 2),
	rule(BatchWriteItem => { type => 'error', status => 400, code => 'ValidationException', message => 'no good' }, times => undef));
bound(10000);
$job = export_and_wait($node, 'SELECT id, name FROM stored_rejects', unique('stored-rejects'), key => q('{id}'), workers => 4);
is($job->{state}, 'failed', 'a job stops when nothing but rejects comes');
is($job->{rows_rejected}, stored($job->{job_id}), 'its row counts as many as are stored, those beyond the checkpoints included');
is($job->{rejects_stored}, $job->{rows_rejected}, 'and says so');

reset_stand_ins();
$node->stop;
done_testing();
