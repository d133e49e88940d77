# What rs2ddb_wait tells: how the job gets on, in numbers and words; why it failed; and that it goes on when the wait is
# canceled. How often it tells is in the unit test test_notice.
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
DROP TABLE IF EXISTS public.waited;
CREATE TABLE public.waited AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM waited';
my %key = (key => q('{id}'));

my $node = new_node('wait');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };

# What psql prints of a statement: rows, and what the server says.
sub said
{
	my ($statement) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$statement");
	$err =~ s/^(?:psql:<stdin>:\d+: )//mg;
	note($err);
	return ($out, $err);
}

# ---- a failure --------------------------------------------------------------------------------

my $job = export_job($node, 'SELECT id FROM no_such_table_for_waiting', unique('waited'), %key);
wait_job($node, $job);
my $row = job_row($node, $job);
my ($out, $err) = said("SELECT state FROM rs2ddb_wait($job);");
is($out, 'failed', 'a failed job: its row is returned');
like($err, qr/^WARNING:  42P01: job $job failed: \Q$row->{error_message}\E$/m, 'a WARNING says why, with its SQLSTATE');
like($err, qr/^DETAIL:  \Q$row->{error_detail}\E/m, 'with its detail') if $row->{error_detail};
$sql->("UPDATE rs2ddb.job SET error_detail = 'This is 100% the detail.', error_hint = 'This is %s the hint.' WHERE job_id = $job");
($out, $err) = said("SELECT state FROM rs2ddb_wait($job);");
like($err, qr/^DETAIL:  This is 100% the detail\.$/m, 'detail');
like($err, qr/^HINT:  This is %s the hint\.$/m, 'and hint are passed on as they are');

($out, $err) = said("SELECT state FROM rs2ddb_wait(" . export_job($node, 'SELECT 1 AS id', unique('waited'), %key) . ");");
is($out, 'succeeded', 'a job that succeeds');
unlike($err, qr/WARNING/, 'warns of nothing');

# ---- the UNLOAD -------------------------------------------------------------------------------

gateway(unload_hold => JSON::PP::true, slices => 1, rows_per_file => 0);
$job = export_job($node, $query, my $table = unique('waited'), %key);
ok(wait_for($node, "SELECT state = 'unloading' AND unload_pid IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'a job unloads');
($out, $err) = said("SELECT state FROM rs2ddb_wait($job, '3 s');");
is($out, 'unloading', 'a wait with a timeout');
like($err, qr/\ANOTICE:  00000: job $job: unloading for 00:0\d:\d\d(?:, [\d,]+ rows so far)?\nLOCATION:.*\n?\z/, 'tells once in 3 s, and for how long it unloads');
$sql->("UPDATE rs2ddb.job SET unload_rows = 12345 WHERE job_id = $job");
($out, $err) = said("SELECT state FROM rs2ddb_wait($job, '3 s');");
like($err, qr/job $job: unloading for 00:0\d:\d\d, 12,345 rows so far$/m, 'and how many rows it has written');

# ---- a wait that is canceled ------------------------------------------------------------------

($out, $err) = said("SET statement_timeout = '300ms'; SELECT rs2ddb_wait($job);");
like($err, qr/^ERROR:  57014: canceling statement due to statement timeout\nHINT:  The job continues\. To stop it, call rs2ddb_cancel\($job\)\.$/m,
	'statement_timeout: the hint says that the job continues');
my $waiter = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "SELECT rs2ddb_wait($job)" ],
	'<', \undef, '>', \my $wait_out, '2>', \my $wait_err);
my $waiting = "FROM pg_stat_activity WHERE query LIKE 'SELECT rs2ddb_wait(%' AND state = 'active'";
ok(wait_for($node, "SELECT count(*) = 1 $waiting"), 'a session waits');
$sql->("SELECT pg_cancel_backend(pid) $waiting");
$waiter->finish;
note($wait_err);
like($wait_err, qr/canceling statement due to user request\nHINT:  The job continues\./, 'pg_cancel_backend: the same');
($out, $err) = said(<<"SQL");
SET statement_timeout = '300ms';
DO \$\$
DECLARE hint text; context text;
BEGIN
  PERFORM rs2ddb_wait($job);
EXCEPTION WHEN query_canceled THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
  RAISE NOTICE 'caught: % in %', hint, context;
END\$\$;
SET statement_timeout = 0;
SELECT state FROM rs2ddb_wait($job, '0 s');
SQL
like($err, qr/caught: The job continues\..* in .*PL\/pgSQL function/s, 'who catches the cancel finds it, and where it was');
is($out, 'unloading', 'and the session goes on, as the job does');

# ---- nobody works on it -----------------------------------------------------------------------

$node->stop('immediate');
gateway(unload_hold => JSON::PP::false);
faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef));
$node->start;
($out, $err) = said("SELECT state FROM rs2ddb_wait($job, '3 s');");
like($err, qr/^NOTICE:  00000: job $job: interrupted, no worker runs it$/m, 'a job that has lost its leader is told of');
ok(wait_for($node, "SELECT state = 'loading' FROM rs2ddb.progress WHERE job_id = $job"), 'and has another then');

# ---- loading ----------------------------------------------------------------------------------

ok(wait_until(\&fired), 'it loads');
clear_faults();
throttle(table => $table, units_per_s => 20, burst_units => 20, start_units => 0);
my $told = '';
for (1 .. 20)
{
	($out, $err) = said("SELECT state FROM rs2ddb_wait($job, '3 s');");
	$told .= $err;
	last if $out ne 'loading' || $told =~ /throttled by/;
}
like($told, qr/^NOTICE:  00000: job $job: loading \[[#.]{20}\] \d+\.\d % of 2,000 rows, [\d,]+ rows\/s, [\d,]+ units\/s/m,
	'loading: bar, percent, rows and rates');
like($told, qr/, \d\d:\d\d:\d\d left/, 'the time that is left');
like($told, qr/throttled by DynamoDB: \d+ % of writes came back$/m, 'and that DynamoDB throttles');
throttle(table => $table, units_per_s => 100_000, burst_units => 100_000);
is(wait_job($node, $job)->{state}, 'succeeded', 'it succeeds');

reset_stand_ins();
$node->stop;
done_testing();
