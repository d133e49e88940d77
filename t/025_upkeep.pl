# What workers do in passing: they prune history (rs2ddb.history_retention), and show in pg_stat_activity and in the
# statistics of the tables what they are doing.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.kept_up;
CREATE TABLE public.kept_up AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM kept_up';
my %key = (key => q('{id}'));

my $node = new_node('upkeep');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };

# ---- history ----------------------------------------------------------------------------------

sub a_job { return export_and_wait($node, 'SELECT 1 AS id UNION ALL SELECT NULL', unique('kept-up'), %key, @_)->{job_id}; }
sub settled_ago { my ($age, @jobs) = @_; $sql->("UPDATE rs2ddb.job SET finished_at = now() - interval '$age' WHERE job_id = $_") for @jobs; }

sub retention
{
	my ($value) = @_;
	$node->append_conf('postgresql.conf', "rs2ddb.history_retention = '$value'");
	$node->reload;
	ok(wait_for($node, 'SHOW rs2ddb.history_retention', $value), "history is kept for $value");
}

# Ids of the jobs that are there once the workers of the last one are gone.
sub jobs_left
{
	wait_for($node, no_workers());
	return $sql->("SELECT string_agg(job_id::text, ' ' ORDER BY job_id) FROM rs2ddb.job");
}

is($sql->("LOAD 'rs2ddb'; SHOW rs2ddb.history_retention"), '30d', 'history is kept for 30 days, if nothing is said');
my @jobs = (a_job(max_rejects => 1), a_job(), a_job(max_rejects => 1));
is($sql->("SELECT string_agg(state, ' ' ORDER BY job_id) FROM rs2ddb.job"), 'succeeded failed succeeded', 'there are jobs, and one has failed');
settled_ago('31 days', @jobs[ 0, 1 ]);
settled_ago('29 days', $jobs[2]);
push @jobs, a_job();
is(jobs_left(), "@jobs[2, 3]", 'when another job ends, those that settled longer ago are gone');
for my $table (qw(file reject event))
{
	is($sql->("SELECT count(*) FROM rs2ddb.$table WHERE job_id NOT IN (SELECT job_id FROM rs2ddb.job)"), '0', "with what belongs to them in rs2ddb.$table");
	cmp_ok($sql->("SELECT count(*) FROM rs2ddb.$table WHERE job_id = $jobs[2]"), '>', 0, 'and that of the others is there');
}
retention('1h');
settled_ago('2 hours', $jobs[2]);
push @jobs, a_job();
is(jobs_left(), "@jobs[3, 4]", 'a shorter retention holds from the next job on');
retention('0');
settled_ago('10 years', $jobs[3]);
push @jobs, a_job();
is(jobs_left(), "@jobs[3 .. 5]", 'with 0 they are kept for ever');

gateway(hang_connect => JSON::PP::true);
my $running = export_job($node, $query, unique('kept-up'), %key);
ok(wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $running", 'preparing'), 'a job runs');
retention('1d');
$sql->("UPDATE rs2ddb.job SET created_at = now() - interval '1 year', finished_at = now() - interval '1 year' WHERE job_id = $running");

# ---- what is going on -------------------------------------------------------------------------

my $shows = sub {
	my ($kind, $pattern, $name) = @_;
	ok(wait_for($node, "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'rs2ddb $kind' AND query ~ '^$pattern\$'
		AND state = 'active' AND wait_event IS NOT NULL"), $name)
	  or diag($sql->("SELECT backend_type, state, wait_event_type, wait_event, query FROM pg_stat_activity WHERE backend_type ~ '^rs2ddb'"));
};
$shows->('leader', "rs2ddb job $running: preparing", 'pg_stat_activity shows the state of a job');
$sql->("SELECT rs2ddb_cancel($running)");
is(wait_job($node, $running)->{state}, 'canceled', 'an unsettled job is not pruned, however old');
gateway(hang_connect => JSON::PP::false, rows_per_file => 1000, slices => 2);

my $updates = q(SELECT n_tup_upd FROM pg_stat_user_tables WHERE schemaname = 'rs2ddb' AND relname = 'file');
my $before = $sql->($updates);
faults(rule(BatchWriteItem => { type => 'delay', ms => 900_000 }, times => undef, nth => 20));
my $table = unique('kept-up');
my $job = export_job($node, $query, $table, %key);
$shows->('loader', "rs2ddb job $job: loading file \\d, [1-9]\\d* of 1000 rows", 'and how far a loader has come');
$shows->('leader', "rs2ddb job $job: loading, 0 of 2 files done, [1-9]\\d* of 2000 rows", 'and how far the job');
ok(wait_for($node, "SELECT ($updates) > $before"), 'workers count in the statistics of the tables while they run');
clear_faults();
is($sql->("SELECT rs2ddb_cancel($job)"), 't', 'the job is canceled');
is(wait_job($node, $job)->{state}, 'canceled', 'and settles');
ok(wait_for($node, no_workers()), 'when there is nothing to do there is no worker');

reset_stand_ins();
$node->stop;
done_testing();
