# rs2ddb.progress tells the truth about who works on a job: 'interrupted' when nobody does, 'copy' where it belongs
# elsewhere, rates and time left only while somebody works; and it stays fast however long the history is.
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
DROP TABLE IF EXISTS public.watched;
CREATE TABLE public.watched AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $me = getpwuid($<);
my $query = 'SELECT * FROM watched';
my %key = (key => q('{id}'));

my $node = new_node('progress');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
$sql->('CREATE ROLE watcher LOGIN; GRANT pg_read_all_stats TO watcher');

# What the view says of a job: its state, and which of rates and time left are told.
sub shown
{
	my ($job, %options) = @_;
	return $node->safe_psql($options{database} // 'postgres',
		"SELECT state, num_nulls(rows_per_s, units_per_s, throttled_share, time_left) FROM rs2ddb.progress WHERE job_id = $job",
		extra_params => [ '-U', $options{user} // $me ]);
}

# A job in the middle of its file, whose loader waits for a reply and commits progress meanwhile.
sub job_in_its_file
{
	my ($table) = @_;
	gateway(slices => 1, rows_per_file => 0);
	faults(rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef, nth => 20));
	my $job = export_job($node, $query, $table, %key);
	ok(wait_for($node, "SELECT count(*) = 1 FROM rs2ddb.file WHERE job_id = $job AND state = 'running' AND checkpoint > 0"),
		'a job is in the middle of its file');
	return $job;
}

# ---- somebody works, nobody works -------------------------------------------------------------

my $table = unique('watched');
my $job = job_in_its_file($table);
ok(wait_for($node, "SELECT state = 'loading' AND num_nulls(rows_per_s, units_per_s, throttled_share) = 0
	FROM rs2ddb.progress WHERE job_id = $job"), 'while workers live it is loading, and its rates are told');

$node->stop('immediate');
$node->start;
is($sql->("SELECT state FROM rs2ddb.job WHERE job_id = $job"), 'loading', 'after a restart the job has kept its state');
is(shown($job), 'interrupted|4', 'the view says that it is interrupted, without rates or time left');
is(shown($job, user => 'watcher'), 'interrupted|4', 'to who monitors, too');
is($sql->("SELECT progress_at = (SELECT max(progress_at) FROM rs2ddb.file WHERE job_id = $job) FROM rs2ddb.progress
	WHERE job_id = $job"), 't', 'and since when nothing has moved');
is($sql->("SELECT percent = trunc(100.0 * checkpoint / rows_unloaded, 1) FROM rs2ddb.progress JOIN rs2ddb.file USING (job_id)
	WHERE job_id = $job"), 't', 'what was reached stays');

$sql->('CREATE DATABASE elsewhere TEMPLATE postgres');
is(shown($job, database => 'elsewhere'), 'copy|4', 'in a copy of the database it is a copy');
$node->safe_psql('elsewhere', "SELECT rs2ddb_cancel($job)");
is(shown($job, database => 'elsewhere'), 'canceled|4', 'until it is settled there');

$sql->("SELECT rs2ddb_wait($job, '0 s')");
ok(wait_for($node, "SELECT state = 'loading' FROM rs2ddb.progress WHERE job_id = $job"), 'a leader takes it: loading again');
clear_faults();
is(wait_job($node, $job)->{state}, 'succeeded', 'and it succeeds');

# ---- a leader that is terminated; the job of another database with the same number ------------

$job = job_in_its_file(unique('watched'));
my ($leader) = $sql->("SELECT leader_pid FROM rs2ddb.job WHERE job_id = $job");
kill 'TERM', $leader;
ok(wait_for($node, "SELECT state = 'interrupted' FROM rs2ddb.progress WHERE job_id = $job"), 'its leader is terminated: interrupted');
clear_faults();
my @states = ('interrupted');
$sql->("SELECT rs2ddb_wait($job, '0 s')");
for (1 .. 600)
{
	my $state = $sql->("SELECT state FROM rs2ddb.progress WHERE job_id = $job");
	push @states, $state if $state ne $states[-1];
	last if $state eq 'succeeded';
}
like("@states", qr/^interrupted (?:(?:queued|preparing|loading|finishing) )*succeeded$/, 'once a leader has it, it never says so again')
  or diag("@states");

# ---- a look that is older than the end of the job ---------------------------------------------

$job = job_in_its_file(unique('watched'));
my $old_look = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', <<"SQL" ], '<', \undef, '>', \my $said, '2>&1');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT state FROM rs2ddb.job WHERE job_id = $job;
DO \$\$BEGIN
  WHILE EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 29186) LOOP PERFORM pg_sleep(0.05); END LOOP;
END\$\$;
SELECT state, rows_per_s, time_left FROM rs2ddb.progress WHERE job_id = $job; COMMIT
SQL
ok(wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'BEGIN ISOLATION%' AND wait_event = 'PgSleep'"),
	'a transaction has looked at the job');
clear_faults();
wait_job($node, $job);
$old_look->finish;
is($said, "loading\nloading||\n", 'it sees the job as it was, and not as interrupted, for it has ended since');

# ---- percent and time left ---------------------------------------------------------------------

gateway(unload_hold => JSON::PP::true);
$job = export_job($node, $query, unique('watched'), %key);
ok(wait_for($node, "SELECT state = 'unloading' AND stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'a leader lives, in UNLOAD');
is($sql->(<<"SQL"), <<'OUT' =~ s/\n\z//r, '100 percent only at the end, no time left where none can be told');
BEGIN;
UPDATE rs2ddb.job SET state = 'loading', rows_unloaded = 100000 WHERE job_id = $job;
INSERT INTO rs2ddb.file (job_id, file_no, url, size_bytes, rows_promised, state, checkpoint, rows_per_s)
VALUES ($job, 1, 's3://b/p/1', 1, 50000, 'done', 50000, 9), ($job, 2, 's3://b/p/2', 1, 50000, 'running', 49980, 2);
SELECT state, percent, rows_per_s, time_left, files_done, files FROM rs2ddb.progress WHERE job_id = $job;
UPDATE rs2ddb.file SET checkpoint = 1000, rows_per_s = 1e-5 WHERE job_id = $job AND file_no = 2;
SELECT percent, time_left FROM rs2ddb.progress WHERE job_id = $job;
UPDATE rs2ddb.file SET rows_per_s = 1e-300 WHERE job_id = $job AND file_no = 2;
SELECT percent, time_left FROM rs2ddb.progress WHERE job_id = $job;
ROLLBACK;
SQL
loading|99.9|2|00:00:10|1|2
51.0|
51.0|
OUT

# ---- a job that waits for its turn -------------------------------------------------------------

is($sql->(<<"SQL"), 'queued|', 'who has no leader yet stays queued');
BEGIN;
UPDATE rs2ddb.job SET state = 'queued', leader_pid = NULL WHERE job_id = $job;
SELECT state, rows_per_s FROM rs2ddb.progress WHERE job_id = $job;
ROLLBACK;
SQL
$sql->("SELECT rs2ddb_cancel($job)");
gateway(unload_hold => JSON::PP::false);
wait_job($node, $job);

# ---- a long history ----------------------------------------------------------------------------

$sql->(<<'SQL');
INSERT INTO rs2ddb.job (state, table_name, owner, server, query, mode, max_rejects, keep_files, system_identifier, database_oid,
    owner_oid, created_at, finished_at)
SELECT 'succeeded', 'history', CURRENT_USER, 'warehouse', 'SELECT 1', 'put', 0, false,
    (SELECT system_identifier FROM pg_control_system()), 0, 0, now() - interval '2 days', now() - interval '1 day'
FROM generate_series(1, 30000);
ANALYZE rs2ddb.job;
SQL
for my $user ('watcher', $me)
{
	for my $where ('', " WHERE job_id = $job")
	{
		my $plan = $node->safe_psql('postgres', "EXPLAIN (COSTS OFF) SELECT * FROM rs2ddb.progress$where", extra_params => [ '-U', $user ]);
		like($plan, qr/Index Scan (?:using|on) job_(?:settled|active|pkey)/, "history does not slow it down, as $user$where");
		unlike($plan, qr/Seq Scan on job/, "it is not read, as $user$where") or diag($plan);
	}
}

reset_stand_ins();
$node->stop;
done_testing();
