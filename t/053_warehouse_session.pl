# The session with the warehouse: one while a job needs it, none while it loads.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.sessions;
CREATE TABLE public.sessions AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 500) AS i;
SQL
my $node = new_node('sessions');
my $query = 'SELECT * FROM sessions';
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
gateway(rows_per_file => 100);

# Sessions of the extension on the warehouse.
sub sessions { return warehouse(q(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rs2ddb')); }
sub sessions_are { my ($count, $name) = @_; ok(wait_until(sub { sessions() == $count }), $name) or diag(sessions()); }

sub state_is { my ($job, $state) = @_; return wait_for($node, "SELECT state = '$state' FROM rs2ddb.job WHERE job_id = $job"); }

my $table = unique('sessions');
gateway(unload_hold => $yes);
faults(rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef));
my $job = export_job($node, $query, $table, key => q('{id}'));
ok(state_is($job, 'unloading'), 'an UNLOAD runs');
sessions_are(1, 'in one session');
ok(wait_for($node, "SELECT unload_rows > 0 FROM rs2ddb.job WHERE job_id = $job"), 'after ten seconds its rows are told');
is(job_row($node, $job)->{unload_rows}, warehouse('SELECT unloaded_rows FROM redshift.unload_history ORDER BY query_id DESC LIMIT 1'),
	'as the warehouse tells them');
sessions_are(2, 'in one more session');
warehouse('UPDATE redshift.unload_history SET unloaded_rows = 12345 WHERE query_id = (SELECT max(query_id) FROM redshift.unload_history)');
ok(wait_for($node, "SELECT unload_rows = 12345 FROM rs2ddb.job WHERE job_id = $job"), 'and told again');
gateway(unload_hold => $no);
ok(state_is($job, 'loading'), 'its files are loaded');
ok(wait_until(\&fired), 'writes are held up');
sessions_are(0, 'without a session');
is(job_row($node, $job)->{state}, 'loading', 'and still are');

$sql->("SELECT rs2ddb_cancel($job)");
is($sql->("SELECT state FROM rs2ddb_wait($job, '1 minute')"), 'canceled', 'a job that loads is canceled');
ok(wait_for($node, no_workers()), 'its workers end');
clear_faults();

# Another table by its name: the query is described again, and the files of the same plan are loaded anew.
$table = unique('sessions');
faults(rule(BatchWriteItem => { type => 'error', status => 400, code => 'AccessDeniedException' }, times => undef, nth => 2));
$job = export_and_wait($node, $query, $table, key => q('{id}'))->{job_id};
is(job_row($node, $job)->{state}, 'failed', 'a job fails while it loads');
dynamodb('drop', $table);
clear_faults();
faults(rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef));
$sql->("SELECT rs2ddb_resume($job)");
ok(wait_until(\&fired), 'its table is made again, and writes are held up');
is(job_row($node, $job)->{state}, 'loading', 'it loads');
sessions_are(0, 'without a session');
clear_faults();
$sql->("SELECT rs2ddb_cancel($job)");
is($sql->("SELECT state FROM rs2ddb_wait($job, '1 minute')"), 'canceled', 'it is canceled');

# The UNLOAD is stopped in one more session; both are closed.
gateway(unload_hold => $yes);
$job = export_job($node, $query, unique('sessions'), key => q('{id}'));
ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'another UNLOAD is sent');
my $row = job_row($node, $job);
ok(wait_until(sub { stage_files($row) > 0 }), 'it writes');
$sql->("SELECT rs2ddb_cancel($job)");
is($sql->("SELECT state FROM rs2ddb_wait($job, '1 minute')"), 'canceled', 'its job is canceled');
ok(wait_until(sub { join(' ', unload_states($row)) eq 'aborted' }), 'it is stopped');
sessions_are(0, 'no session is left');

# A user who may not read the history: his UNLOAD is none the worse for it.
warehouse('REVOKE SELECT ON pg_catalog.sys_unload_history FROM PUBLIC');
gateway(unload_hold => $yes);
$job = export_job($node, $query, unique('sessions'), key => q('{id}'));
ok(wait_until(sub { slurp_file($node->logfile) =~ /cannot tell how many rows the UNLOAD below \S+ has written so far: .*permission denied.*sys_unload_history/ }),
	'without the history the log tells that rows are not known');
sessions_are(1, 'the session that asked is closed');
gateway(unload_hold => $no);
is(wait_job($node, $job)->{state}, 'succeeded', 'and the job succeeds');
is(job_row($node, $job)->{unload_rows}, undef, 'without them');
warehouse('GRANT SELECT ON pg_catalog.sys_unload_history TO PUBLIC');

$node->stop;
reset_stand_ins();
done_testing();
