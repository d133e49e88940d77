# A physical standby with the library preloaded: it runs no worker while it is a standby; after its promotion the
# jobs of the lost primary go on at their checkpoints, by themselves.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.replicated;
CREATE TABLE public.replicated AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM replicated';
my %key = (key => q('{id}'));
my $ours = "FROM pg_stat_activity WHERE backend_type LIKE 'rs2ddb %'";

my $primary = new_node('primary', init => { allows_streaming => 1 }, conf => "shared_preload_libraries = 'rs2ddb'\n");
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'log_min_messages = debug1');
$standby->start;

# One job in the middle of a file, one that has finished.
my $done = export_and_wait($primary, $query, unique('replicated'), %key);
is($done->{state}, 'succeeded', 'a job has succeeded on the primary');
gateway(slices => 1, rows_per_file => 0);
faults(rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef, nth => 20));
my $table = unique('replicated');
my $job = export_job($primary, $query, $table, %key);
ok(wait_for($primary, "SELECT count(*) = 1 FROM rs2ddb.file WHERE job_id = $job AND state = 'running' AND checkpoint > 0"),
	'another is in the middle of its file');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

# ---- before the promotion ---------------------------------------------------------------------

is($standby->safe_psql('postgres', "SELECT state FROM rs2ddb.job WHERE job_id = $job"), 'loading', 'the standby shows the job');
my $checkpoint = $standby->safe_psql('postgres', "SELECT checkpoint FROM rs2ddb.file WHERE job_id = $job");
cmp_ok($checkpoint, '>', 0, 'and its checkpoint');
is($standby->safe_psql('postgres', "SELECT state, num_nulls(rows_per_s, units_per_s, throttled_share, time_left) FROM rs2ddb.progress
	WHERE job_id = $job"), 'loading|4', 'its view shows the stored state, and no rates, for it does not know who works on the primary');
for my $call ("rs2ddb_resume($job)", "rs2ddb_cancel($job)", "rs2ddb_export('SELECT 1 AS id', 'anything', server => 'warehouse')")
{
	my ($status, $out, $err) = $standby->psql('postgres', "SELECT $call");
	like($err, qr/cannot execute \w+ in a read-only transaction/, "the standby refuses $call");
}
is($standby->safe_psql('postgres', "SELECT count(*) $ours"), '0', 'no worker of ours runs there, not even the launcher');
unlike(slurp_file($standby->logfile), qr/starting background worker process "rs2ddb/, 'nor has one been started');

# ---- after it ---------------------------------------------------------------------------------

$primary->stop('immediate');
clear_faults();
$standby->promote;
ok(wait_for($standby, "SELECT count(*) = 1 $ours AND backend_type = 'rs2ddb launcher'"), 'promoted, it has a launcher');
ok(wait_for($standby, "SELECT state FROM rs2ddb.job WHERE job_id = $job", 'succeeded'), 'the job goes on by itself and succeeds')
  or diag(job_row($standby, $job)->{error_message});
my $row = job_row($standby, $job);
is($row->{attempt}, 1, 'without another UNLOAD');
is(scalar(unload_states($row)), 1, 'the warehouse says so too');
is($standby->safe_psql('postgres', "SELECT tries FROM rs2ddb.file WHERE job_id = $job"), '2', 'a second loader took the file');
ok(ledger_balances($standby, $job), 'the ledger balances');
my ($equal, $said) = verify_table($query, $table, 'id');
ok($equal, 'and every row has arrived') or diag($said);
is(job_row($standby, $done->{job_id})->{state}, 'succeeded', 'the job that had succeeded still has');
is(export_and_wait($standby, $query, unique('replicated'), %key)->{state}, 'succeeded', 'and the promoted server runs new ones');

reset_stand_ins();
$standby->stop;
done_testing();
