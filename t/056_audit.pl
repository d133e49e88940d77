# Who did what: the events of a job name the role that canceled, resumed or paced it; the server log tells its life in a
# line each.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.audited;
CREATE TABLE public.audited AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM audited';
my %key = (key => q('{id}'));

my $node = new_node('audit');
my $me = getpwuid($<);
my $sql = sub { my ($statement, $user) = @_; $node->safe_psql('postgres', $statement, extra_params => [ '-U', $user // $me ]) };
$sql->(<<'SQL');
CREATE ROLE dba LOGIN SUPERUSER;
CREATE ROLE clerk LOGIN;
CREATE FUNCTION stop(job bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS 'SELECT rs2ddb_cancel(job)';
ALTER FUNCTION stop OWNER TO dba;
SQL

# State and message of the last events of a job.
sub events
{
	my ($job, $count) = @_;
	return $sql->("SELECT string_agg(state || ': ' || message, E'\\n' ORDER BY event_id) FROM (SELECT * FROM rs2ddb.event
		WHERE job_id = $job AND message IS NOT NULL ORDER BY event_id DESC LIMIT $count) e");
}

# A job that stays in loading until clear_faults.
sub job_in_loading
{
	faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef));
	my $job = export_job($node, $query, unique('audited'), %key);
	ok(wait_until(\&fired), 'a job loads');
	return $job;
}

# ---- a superuser acts on the job of another role -----------------------------------------------

my $job = job_in_loading();
is($sql->("SELECT rs2ddb_set_rate($job, 500)", 'dba'), 't', 'a superuser changes the rate');
is(events($job, 1), 'loading: rate changed to 500 by dba', 'the event says who, and to what');
$sql->("SELECT rs2ddb_set_rate($job, NULL)", 'dba');
is(events($job, 1), 'loading: bound of the rate taken away by dba', 'the same when the bound is taken away');
$sql->("BEGIN; SELECT rs2ddb_set_rate($job, 7); ROLLBACK", 'dba');
is(events($job, 1), 'loading: bound of the rate taken away by dba', 'a call that is rolled back leaves no event');

$sql->("BEGIN; SELECT rs2ddb_cancel($job); SET ROLE $me; SELECT rs2ddb_cancel($job); COMMIT", 'dba');
my $row = wait_job($node, $job);
is("$row->{state} by $row->{cancel_requested_by}", 'canceled by dba', 'the superuser cancels it before the owner does');
is(events($job, 1), 'canceled: canceled by dba', 'and the event says so');

$sql->('ALTER ROLE dba RENAME TO chief');
$sql->("SELECT rs2ddb_resume($job)", 'chief');
is(events($job, 2), "canceled: canceled by dba\nqueued: resumed by chief", 'renamed, the superuser resumes it: each event has the name of its time');
is(job_row($node, $job)->{cancel_requested_by}, undef, 'nobody asks to cancel it any more');
$sql->('ALTER ROLE chief RENAME TO dba');
ok(wait_for($node, "SELECT state = 'loading' FROM rs2ddb.job WHERE job_id = $job"), 'it loads again');

# ---- whose rights were used --------------------------------------------------------------------

is($sql->("SELECT stop($job)", 'clerk'), 't', 'a function with SECURITY DEFINER cancels it');
wait_job($node, $job);
is(events($job, 1), 'canceled: canceled by dba', 'by the role whose rights it used');
$sql->("SET ROLE $me; SELECT rs2ddb_resume($job)", 'dba');
is(events($job, 1), "queued: resumed by $me", 'SET ROLE: by the role that was set');
clear_faults();
is(wait_job($node, $job)->{state}, 'succeeded', 'it succeeds in the end');

# ---- jobs that no leader has ever had ----------------------------------------------------------

$job = $sql->("BEGIN; SELECT rs2ddb_export('$query', '${\unique('audited')}', server => 'warehouse', key => '{id}') AS job \\gset
	SELECT :job; SELECT rs2ddb_cancel(:job); COMMIT");
$job =~ s/\n.*//s;
is(events($job, 1), "canceled: canceled by $me before it started", 'a job that is canceled while it is queued');

$sql->('CREATE DATABASE elsewhere TEMPLATE postgres');
{
	local $Rs2ddb::database = 'elsewhere';
	$node->safe_psql('elsewhere', "UPDATE rs2ddb.job SET state = 'loading', finished_at = NULL WHERE job_id = $job");
	$node->safe_psql('elsewhere', "SELECT rs2ddb_cancel($job)", extra_params => [ '-U', 'dba' ]);
	is($node->safe_psql('elsewhere', "SELECT message FROM rs2ddb.event WHERE job_id = $job ORDER BY event_id DESC LIMIT 1"),
		'canceled in a copy by dba', 'and one in a copy of its database');
}

# ---- the server log ----------------------------------------------------------------------------

# What the log says of a job of a database, in order, without the job's name; each line must begin with that name.
sub log_of
{
	my ($id, $of) = @_;
	my $name = qr/\(database "$of", owner "$me", server "warehouse", table "audited-[\d-]+"\)/;
	my @lines = slurp_file($node->logfile) =~ /LOG:  rs2ddb job $id $name (.*)/g;
	is(scalar(@lines), scalar(() = slurp_file($node->logfile) =~ /LOG:  rs2ddb job $id \(database "$of"/g), "job $id: each line names it in full");
	return @lines;
}

sub log_is
{
	my ($name, $id, @expected) = @_;
	my @lines = log_of($id, 'postgres');
	is(scalar(@lines), scalar(@expected), "$name: lines") or diag(join "\n", @lines);
	like($lines[$_] // '', $expected[$_], "$name: line " . ($_ + 1)) for 0 .. $#expected;
}

my $done = export_and_wait($node, "$query UNION ALL SELECT NULL, 'a row without a key'", unique('audited'), %key, max_rejects => 1);
log_is('success', $done->{job_id}, qr/^started$/,
	qr/^succeeded: 2001 unloaded, 2000 written, 0 collapsed, 1 rejected, \d+\.\d write units, \d+\.\d s$/);

my $failed = export_and_wait($node, 'SELECT * FROM not_there_for_audit', unique('audited'), %key);
log_is('failure', $failed->{job_id}, qr/^started$/, qr/^failed: \Q$failed->{error_message}\E$/);

$failed = export_and_wait($node, "$query UNION ALL SELECT NULL, 'a row without a key'", unique('audited'), %key);
log_is('too many rejects', $failed->{job_id}, qr/^started$/, qr/^failed: \Q$failed->{error_message}\E$/);
like(slurp_file($node->logfile), qr/job $failed->{job_id} .*failed: .*\n.*DETAIL:  First: .*\n.*HINT:  All other rows are written/,
	'too many rejects: with detail and hint');

log_is('canceled while queued', $job, qr/^canceled by $me before it started$/);
is(join('|', log_of($job, 'elsewhere')), 'canceled in a copy by dba', 'canceled in a copy: one line');

$job = job_in_loading();
$sql->("BEGIN; SELECT rs2ddb_cancel($job); ROLLBACK", 'dba');
my ($leader) = worker_pids($node, 'leader');
kill 'TERM', $leader;
ok(wait_for($node, "SELECT state = 'interrupted' FROM rs2ddb.progress WHERE job_id = $job"), 'a leader is terminated');
$sql->("SELECT rs2ddb_wait($job, '0 s')");
ok(wait_for($node, "SELECT state = 'loading' FROM rs2ddb.progress WHERE job_id = $job"), 'another takes the job');
$sql->("SELECT rs2ddb_cancel($job)", 'dba');
wait_job($node, $job);
$sql->("SELECT rs2ddb_resume($job)");
clear_faults();
wait_job($node, $job);
log_is('takeover, cancel, resume', $job, qr/^started$/, qr/^taken over: its leader was lost in state loading$/, qr/^canceled by dba$/,
	qr/^started$/, qr/^succeeded: 2000 unloaded, 2000 written, 0 collapsed, 0 rejected, /);

# An end that cannot be stored is told all the same, and only then in these words.
$sql->(<<'SQL');
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END$$;
CREATE TRIGGER no_room BEFORE UPDATE ON rs2ddb.job FOR EACH ROW WHEN (NEW.state = 'failed') EXECUTE FUNCTION no_room();
SQL
$job = export_job($node, 'SELECT * FROM not_there_for_audit', unique('audited'), %key);
ok(wait_for($node, "SELECT state = 'interrupted' FROM rs2ddb.progress WHERE job_id = $job"), 'the end of a job cannot be stored');
log_is('an end that cannot be stored', $job, qr/^started$/, qr/^ended, which cannot be stored: .*not_there_for_audit/);

reset_stand_ins();
$node->stop;
done_testing();
