# The same as with late writes, but the loader is lost: what it had in flight, or had sent without an answer, may be
# applied when the next one has already gone on.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

# Later than the next loader needs to come, sooner than the default of late_write_grace after that.
use constant LATE_MS => 8000;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.late_takeover;
CREATE TABLE public.late_takeover (id varchar(20), v varchar(10));
INSERT INTO public.late_takeover SELECT 'only-' || i, 'x' FROM generate_series(1, 500) AS i;
INSERT INTO public.late_takeover SELECT 'twice-' || i, 'older' FROM generate_series(1, 25) AS i;
INSERT INTO public.late_takeover SELECT 'twice-' || i, 'later' FROM generate_series(1, 25) AS i;
INSERT INTO public.late_takeover SELECT 'only-' || i, 'x' FROM generate_series(501, 1000) AS i;
SQL
my $query = 'SELECT id, v FROM late_takeover';
my $node = new_node('late_takeover', conf => "restart_after_crash = on\n");
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
gateway(rows_per_file => 10_000, slices => 1);

# A job whose first request with one of the keys that come twice is late; its id and its table.
sub late_job
{
	my ($name, %action) = @_;
	my $table = unique('late-takeover');
	faults(rule(BatchWriteItem => { type => 'late', ms => LATE_MS, %action }, key_prefix => 'twice'));
	my $job = export_job($node, $query, $table, key => q('{id}'), workers => 1);
	ok(wait_until(\&fired), "$name: a request is not answered");
	return ($job, $table);
}

sub newest_wins
{
	my ($name, $job, $table, $before) = @_;
	is(wait_job($node, $job)->{state}, 'succeeded', "$name: the job succeeds");
	ok(wait_until(sub { counters()->{applied_late} > $before }), "$name: it was applied late");
	clear_faults();
	ok(ledger_balances($node, $job), "$name: the ledger balances");
	cmp_ok($sql->("SELECT max(tries) FROM rs2ddb.file WHERE job_id = $job"), '>', 1, "$name: another loader has gone on");
	my ($equal, $said) = verify_table("SELECT id, v FROM late_takeover WHERE v <> 'older'", $table, 'id');
	ok($equal, "$name: the table has the last row of each key") or diag($said);
}

{
	my $name = 'kill -9 of the loader';
	my $before = counters()->{applied_late};
	my ($job, $table) = late_job($name, cut => JSON::PP::false);
	my ($loader) = worker_pids($node, 'loader');
	kill 'KILL', $loader;
	ok(wait_until(sub { try_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $loader") eq '0' }), "$name: it is gone");
	$sql->("SELECT rs2ddb_resume($job)");
	newest_wins($name, $job, $table, $before);
}
{
	my $name = 'SIGTERM of the loader, after a cut';
	my $before = counters()->{applied_late};
	my ($job, $table) = late_job($name);
	ok(wait_for($node, "SELECT late_until > now() AND checkpoint = 525 FROM rs2ddb.file WHERE job_id = $job"),
		"$name: the cut rows are settled, and the file says until when they may come late");
	my ($loader) = worker_pids($node, 'loader');
	$sql->("SELECT pg_terminate_backend($loader)");
	newest_wins($name, $job, $table, $before);
}

done_testing();
