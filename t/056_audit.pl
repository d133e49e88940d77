# Who did what: the events of a job name the role that canceled, resumed or paced it.
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

reset_stand_ins();
$node->stop;
done_testing();
