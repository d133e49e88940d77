# rs2ddb_cancel in every state of a job; and what ends a wait without touching the job.
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
DROP TABLE IF EXISTS public.to_cancel;
CREATE TABLE public.to_cancel AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM to_cancel';
my %key = (key => q('{id}'));

my $node = new_node('cancel', conf => "max_prepared_transactions = 2\n");
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $cancel = sub { $sql->("SELECT rs2ddb_cancel($_[0])") };
my $reaches = sub { my ($job, $state) = @_; wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $job", $state) };

# Every write fails for a while: a job stays in loading until clear_faults.
my @held_up = rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef);
# Replies that never come while the job lives.
my @silent = rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef);

sub is_canceled
{
	my ($name, $job) = @_;
	$job = wait_job($node, $job);
	is($job->{state}, 'canceled', "$name: the job is canceled");
	is($job->{error_message}, undef, "$name: that is no error");
	ok(wait_for($node, no_workers()), "$name: no worker is left");
	is($sql->("SELECT count(*) FROM rs2ddb.file WHERE job_id = $job->{job_id} AND state = 'running'"), '0', "$name: no file is being loaded");
	is($sql->("SELECT string_agg(state, ' ') FROM (SELECT state FROM rs2ddb.event WHERE job_id = $job->{job_id} ORDER BY event_id DESC LIMIT 1) e"),
		'canceled', "$name: the last event says so");
	is($cancel->($job->{job_id}), 'f', "$name: a second cancel, of a settled job, returns false");
	return $job;
}

# ---- preparing --------------------------------------------------------------------------------

gateway(hang_connect => JSON::PP::true);
my $job = export_job($node, $query, unique('cancel'), %key);
ok($reaches->($job, 'preparing'), 'a job waits for the warehouse to answer');
is($cancel->($job), 't', 'preparing: cancel returns true');
is(is_canceled('preparing', $job)->{attempt}, 0, 'preparing: no UNLOAD was sent');
gateway(hang_connect => JSON::PP::false);

# ---- unloading --------------------------------------------------------------------------------

gateway(unload_delay_ms => 900_000, rows_per_file => 100);
$job = export_job($node, $query, unique('cancel'), %key);
ok($reaches->($job, 'unloading'), 'a job unloads');
ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'its prefix is known');
my $attempt = job_row($node, $job);
ok(wait_until(sub { stage_files($attempt) > 0 }), 'some of its files are written');
is(join(' ', unload_states($attempt)), 'running', 'the warehouse runs its UNLOAD');
is($cancel->($job), 't', 'unloading: cancel returns true');
is_canceled('unloading', $job);
ok(wait_until(sub { join(' ', unload_states($attempt)) eq 'aborted' }), 'unloading: the UNLOAD is cancelled on the warehouse')
  or diag(join ' ', unload_states($attempt));
is(join(' ', stage_files($attempt)), '', 'unloading: the files of the attempt are deleted');

# A cancel finds the leader that there is now, whatever its transaction has seen before.
my $stale = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', <<'SQL' ], '<', \undef, '>', \my $said, '2>&1');
BEGIN; SELECT count(*) > 0 FROM pg_stat_activity;
DO $$BEGIN
  WHILE NOT EXISTS (SELECT FROM rs2ddb.job WHERE state = 'unloading' AND stage_prefix IS NOT NULL) LOOP PERFORM pg_sleep(0.05); END LOOP;
END$$;
SELECT rs2ddb_cancel(job_id) FROM rs2ddb.job WHERE state = 'unloading'; COMMIT
SQL
ok(wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'BEGIN; SELECT%' AND wait_event = 'PgSleep'"),
	'a session has looked at pg_stat_activity');
$job = export_job($node, $query, unique('cancel'), %key);
$stale->finish;
is($said, "t\nt\n", 'it cancels a job whose leader it has not seen there');
is_canceled('a look before', $job);

$job = export_job($node, $query, unique('cancel'), %key);
ok(wait_for($node, "SELECT state = 'unloading' AND stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'another job unloads');
my ($ended, $printed, $refused) = $node->psql('postgres', "BEGIN; SELECT rs2ddb_cancel($job); PREPARE TRANSACTION 'prepared'");
like($refused, qr/ERROR:  cannot PREPARE a transaction that has called functions of rs2ddb/, 'a cancel cannot be prepared: nobody would hear of it');
is($cancel->($job), 't', 'by itself it can be canceled');
is_canceled('prepared', $job);
gateway(unload_delay_ms => 0);

# ---- loading ----------------------------------------------------------------------------------

faults(@silent);
my $table = unique('cancel');
$job = export_job($node, $query, $table, %key);
ok(wait_until(\&fired), 'a job loads, and waits for a reply');
$attempt = job_row($node, $job);
is($attempt->{state}, 'loading', 'its state is loading');
is($cancel->($job), 't', 'loading: cancel returns true');
is_canceled('loading', $job);
is(join(' ', unload_states($attempt)), 'completed', 'loading: the UNLOAD had ended before');
is(join(' ', stage_files($attempt)), '', 'loading: the files of the attempt are deleted');

clear_faults();
$sql->("SELECT rs2ddb_resume($job)");
my $resumed = wait_job($node, $job);
is($resumed->{state}, 'succeeded', 'a canceled job can be resumed') or diag($resumed->{error_message});
is($resumed->{attempt}, 2, 'with another UNLOAD, for its files are gone');
ok(ledger_balances($node, $job), 'its ledger balances');
(my $equal, $said) = verify_table($query, $table, 'id');
ok($equal, 'and every row has arrived') or diag($said);
is($cancel->($job), 'f', 'cancel of a job that has succeeded returns false');
is(job_row($node, $job)->{state}, 'succeeded', 'and changes nothing');

# ---- what leaves the job alone ----------------------------------------------------------------

faults(@held_up);
$table = unique('cancel');
$job = export_job($node, $query, $table, %key);
ok(wait_until(\&fired), 'a job is held up in loading');
my $untouched = sub {
	my ($name) = @_;
	is($sql->("SELECT state || ' ' || cancel_requested FROM rs2ddb.job WHERE job_id = $job"), 'loading false', $name);
};

is($sql->("BEGIN; SELECT rs2ddb_cancel($job); ROLLBACK"), 't', 'a cancel in a transaction that is rolled back');
$untouched->('does nothing');
is($sql->("BEGIN; SAVEPOINT s; SELECT rs2ddb_cancel($job); ROLLBACK TO s; COMMIT"), 't', 'a cancel after a savepoint that is rolled back');
$untouched->('does nothing either');

is($sql->("SELECT job_id || ' ' || state FROM rs2ddb_wait($job, '300 ms')"), "$job loading", 'rs2ddb_wait with a timeout returns the row as it is');
is($sql->("SELECT state FROM rs2ddb_wait($job, '0')"), 'loading', 'also with a timeout of zero');
my ($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = '300ms'; SELECT rs2ddb_wait($job)");
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout ends a wait');
$untouched->('and not the job');

my ($wait_out, $wait_err) = ('', '');
my $waiter = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "SELECT rs2ddb_wait($job)" ],
	'<', \undef, '>', \$wait_out, '2>', \$wait_err);
my $waiting = "FROM pg_stat_activity WHERE query LIKE 'SELECT rs2ddb_wait(%' AND state = 'active'";
ok(wait_for($node, "SELECT count(*) = 1 $waiting"), 'a session waits');
$sql->("SELECT pg_cancel_backend(pid) $waiting");
$waiter->finish;
like($wait_err, qr/canceling statement due to user request/, 'pg_cancel_backend ends the wait');
$untouched->('and not the job');

clear_faults();
is(wait_job($node, $job)->{state}, 'succeeded', 'after all of this the job succeeds');
($equal, $said) = verify_table($query, $table, 'id');
ok($equal, 'and every row has arrived') or diag($said);

# ---- twice, and while queued ------------------------------------------------------------------

faults(@silent);
$job = export_job($node, $query, unique('cancel'), %key);
ok(wait_until(\&fired), 'another job loads');
is($sql->("BEGIN; SELECT rs2ddb_cancel($job); SELECT rs2ddb_cancel($job); COMMIT"), "t\nt", 'it is canceled twice in one transaction');
is_canceled('twice', $job);
is($sql->("SELECT count(*) FROM rs2ddb.event WHERE job_id = $job AND state = 'canceled'"), '1', 'twice: it is canceled once');

$node->append_conf('postgresql.conf', 'rs2ddb.max_workers = 1');
$node->reload;
my $busy = export_job($node, $query, unique('cancel'), %key);
ok($reaches->($busy, 'loading'), 'a job takes the only worker');
$job = export_job($node, $query, unique('cancel'), %key);
is(job_row($node, $job)->{state}, 'queued', 'the next job is queued');
is($cancel->($job), 't', 'queued: cancel returns true');
is(job_row($node, $job)->{state}, 'canceled', 'queued: it is canceled at once');
is($cancel->($busy), 't', 'the busy job is canceled');
is_canceled('busy', $busy);
my $never = is_canceled('queued', $job);
is($never->{attempt}, 0, 'queued: no UNLOAD was sent');
is($never->{started_at}, undef, 'queued: it was never started');

$job = $sql->("BEGIN; SELECT rs2ddb_export('$query', 'cancel-at-once', server => 'warehouse', key => '{id}') AS job \\gset
	SELECT rs2ddb_cancel(:job); COMMIT; SELECT :job;");
like($job, qr/^t\n\d+$/, 'a job can be canceled by the transaction that queued it');
is_canceled('at once', (split /\n/, $job)[1]);

reset_stand_ins();
$node->stop;
done_testing();
