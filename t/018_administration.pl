# What administrators do to a database or a bucket while jobs live: settings for all sessions, a
# standby, lifecycle rules, signals to workers.
use strict;
use warnings;
use JSON::PP;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.administered;
CREATE TABLE public.administered AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 500) AS i;
SQL
my $query = 'SELECT * FROM administered';
my %key = (key => q('{id}'));

my $node = new_node('administration', init => { allows_streaming => 1 });
my $sql = sub { $node->safe_psql($Rs2ddb::database, $_[0]) };
my @refused = (rule(BatchWriteItem => { type => 'error', status => 400, code => 'AccessDeniedException' }));

# ---- settings of a database -------------------------------------------------------------------

my $mine = 'SET default_transaction_read_only = off; SET default_transaction_isolation = \'read committed\';';
$sql->('CREATE DATABASE strict');
{
	local $Rs2ddb::database = 'strict';
	$sql->('CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	$sql->('ALTER DATABASE strict SET default_transaction_read_only = on');
	$sql->("$mine ALTER DATABASE strict SET default_transaction_isolation = 'serializable'");
	$sql->("$mine ALTER DATABASE strict SET lock_timeout = '1ms'");
	gateway(rows_per_file => 50);
	my $job = $sql->("$mine SELECT rs2ddb_export('$query', '" . unique('strict') . "', key => '{id}')");
	$sql->("$mine SELECT state FROM rs2ddb_wait($job, '60s')");
	is(job_row($node, $job)->{state}, 'succeeded', 'a job runs in a database whose sessions are read-only, serializable and impatient');
	unlike(slurp_file($node->logfile), qr/could not serialize|read-only transaction/, 'and no worker stumbles over that');
	gateway(rows_per_file => 0);
}

# ---- files that a lifecycle rule has taken away -----------------------------------------------

faults(@refused);
my $table = unique('expired');
my $job = export_and_wait($node, $query, $table, %key);
is($job->{state}, 'failed', 'a job fails while loading');
my ($prefix) = $job->{stage_prefix} =~ m{^s3://[^/]+/(.*)};
is(s3_keys($prefix) > 1, 1, 'its files stay');
_delete($_) for s3_keys($prefix);
clear_faults();
$sql->("SELECT rs2ddb_resume($job->{job_id})");
$job = wait_job($node, $job->{job_id});
is($job->{state}, 'succeeded', 'a job whose files are gone can be resumed') or diag($job->{error_message});
is($job->{attempt}, 2, 'with another UNLOAD');
my ($equal, $said) = verify_table($query, $table, 'id');
ok($equal, 'and every row has arrived') or diag($said);

# ---- a mode of a later version ----------------------------------------------------------------

$sql->('ALTER TABLE rs2ddb.job DROP CONSTRAINT job_mode_check');
faults(@refused);
$table = unique('later');
$job = export_and_wait($node, $query, $table, %key);
clear_faults();
my $written = @{ dynamodb('scan', $table) };
$sql->("UPDATE rs2ddb.job SET mode = 'patch' WHERE job_id = $job->{job_id}");
$sql->("SELECT rs2ddb_resume($job->{job_id})");
$job = wait_job($node, $job->{job_id});
is($job->{state}, 'failed', 'a job whose mode is not known is not run as if it were a put');
like($job->{error_message}, qr/does not know the mode of job $job->{job_id}$/, 'and says why');
is(scalar @{ dynamodb('scan', $table) }, $written, 'nothing more is written');
$sql->("UPDATE rs2ddb.job SET mode = 'put' WHERE job_id = $job->{job_id}");
$sql->("SELECT rs2ddb_resume($job->{job_id})");
is(wait_job($node, $job->{job_id})->{state}, 'succeeded', 'with a known one it goes on');

# ---- a cancel while the stage is cleaned ------------------------------------------------------

gateway(unload_error => { sqlstate => 'XX000', message => 'boom', detail => '' });
$job = export_and_wait($node, $query, unique('cleaning'), %key);
is($job->{state}, 'failed', 'an UNLOAD fails');
gateway(unload_error => undef);
faults({ service => 's3', match => { method => 'GET' }, times => 1, action => { type => 'delay', ms => 900_000 } });
$sql->("SELECT rs2ddb_resume($job->{job_id})");
ok(wait_until(\&fired), 'its next leader cleans the stage, and S3 is silent');
is($sql->("SELECT rs2ddb_cancel($job->{job_id})"), 't', 'now it is canceled');
is(wait_job($node, $job->{job_id})->{state}, 'canceled', 'a cancel that ends the cleaning is not lost');
clear_faults();

# ---- pg_cancel_backend between UNLOAD and loading ---------------------------------------------

gateway(unload_hold => JSON::PP::true);
$job = export_job($node, $query, unique('between'), %key);
ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'a job unloads');
my $locker = $node->background_psql('postgres');
$locker->query_safe('BEGIN; LOCK TABLE rs2ddb.event IN EXCLUSIVE MODE;');
gateway(unload_hold => JSON::PP::false);
ok(wait_for($node, "SELECT rows_unloaded = 500 FROM rs2ddb.job WHERE job_id = $job"), 'its rows are counted, its move to loading waits');
$sql->("SELECT pg_cancel_backend(leader_pid) FROM rs2ddb.job WHERE job_id = $job");
$locker->query_safe('COMMIT;');
$locker->quit;
$job = wait_job($node, $job);
is($job->{state}, 'failed', 'pg_cancel_backend of the leader fails the job');
($prefix) = $job->{stage_prefix} =~ m{^s3://[^/]+/(.*)};
is(s3_keys($prefix) > 1, 1, 'the files of the finished UNLOAD stay');
$sql->("SELECT rs2ddb_resume($job->{job_id})");
$job = wait_job($node, $job->{job_id});
is("$job->{state} $job->{attempt}", 'succeeded 1', 'and a resume loads them');

# ---- a standby --------------------------------------------------------------------------------

gateway(unload_delay_ms => 900_000);
$job = export_job($node, $query, unique('standby'), %key);
ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'a job runs');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'log_min_messages = debug1');
$standby->start;
is($standby->safe_psql('postgres', "SELECT state FROM rs2ddb_wait($job, '5 s')"), 'unloading', 'a standby shows a job to those who wait');
unlike(slurp_file($standby->logfile), qr/registering background worker "rs2ddb/, 'and asks for no worker');
$standby->stop;
$sql->("SELECT rs2ddb_cancel($job)");
is(wait_job($node, $job)->{state}, 'canceled', 'the job is canceled');

reset_stand_ins();
$node->stop;
done_testing();

# One object of the stage, straight in the bucket.
sub _delete
{
	my ($object) = @_;
	my $err;
	IPC::Run::run([ 'node', 't/lib/s3.mjs', 'delete', $object ], '2>', \$err) or die $err;
}
