# rs2ddb_cancel while the remote side hangs: the job is settled while it still hangs, and what it left
# is deleted later, by its prefix.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.cancel_hangs;
CREATE TABLE public.cancel_hangs AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 1200) AS i;
SQL
my $node = new_node('cancel_hangs');
my $folder = unique('cancel-hangs') . '/';
create_warehouse($node, 'hurried', { connect_timeout => '2', stage => "s3://$ENV{RS2DDB_S3_BUCKET}/$folder" });
my $query = 'SELECT * FROM cancel_hangs';
my %key = (key => q('{id}'), server => q('hurried'));
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $yes = JSON::PP::true;
gateway(rows_per_file => 100);
my $staged = sub { scalar s3_keys($folder) };

# The hang has no end, so a job that settles has not waited for it. How long it took is only told.
sub settles
{
	my ($name, $job) = @_;
	my $begun = time;
	is($sql->("SELECT rs2ddb_cancel($job)"), 't', "$name: cancel returns true");
	is($sql->("SELECT state FROM rs2ddb_wait($job, '30 s')"), 'canceled', "$name: the job is canceled while the remote side hangs");
	note(sprintf '%s: settled after %.1f s', $name, time - $begun);
	is($sql->("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'rs2ddb loader'"), '0', "$name: no loader is left");
	return job_row($node, $job);
}

# The stand-ins answer again; the next job that ends deletes what is left.
sub cleaned_later
{
	my ($name, $job) = @_;
	reset_stand_ins();
	gateway(rows_per_file => 100);
	ok(wait_for($node, no_workers()), "$name: no worker is left in the end");
	due();
	my $table = unique('cancel-hangs');
	is(export_and_wait($node, $query, $table, %key)->{state}, 'succeeded', "$name: the next job succeeds");
	ok(wait_for($node, "SELECT stage_prefix IS NULL AND unload_pid IS NULL AND NOT EXISTS (SELECT FROM rs2ddb.leftover WHERE job = job_id)
		FROM rs2ddb.job WHERE job_id = $job"),
		"$name: nothing of the canceled job is left to do");
	ok(wait_for($node, no_workers()), "$name: no worker is left");
	is($staged->(), 0, "$name: no file is left below the stage");
}

# What waits to be deleted of a job, as SQL for each row; and: leaders that end may try it from now on.
sub left { my ($job, $what) = @_; return $sql->("SELECT $what FROM rs2ddb.leftover WHERE job = $job"); }
sub due { $sql->('UPDATE rs2ddb.leftover SET next_try = now()'); }

sub hang { my ($target, %more) = @_; return rule($target => { type => 'hang' }, times => undef, %more); }

for my $case (
	[ 'preparing, DescribeTable hangs', hang('DescribeTable') ],
	[ 'preparing, CreateTable hangs', hang('CreateTable') ],
	[ 'unloading, the manifest hangs', hang('GetObject', path => 'manifest$'), hang('DeleteObjects') ],
	[ 'loading, S3 hangs', hang('GetObject', path => '_part_'), hang('DeleteObjects') ],
	[ 'loading, DynamoDB hangs', hang('BatchWriteItem'), hang('DeleteObjects') ],
	[ 'finishing, S3 hangs', hang('DeleteObjects'), hang('ListObjectsV2') ])
{
	my ($name, @rules) = @$case;
	faults(@rules);
	my $job = export_job($node, $query, unique('cancel-hangs'), %key);
	ok(wait_until(\&fired), "$name: it hangs");
	my $row = settles($name, $job);
	is($row->{error_message}, undef, "$name: that is no error");
	is(left($job, 'count(*)'), $row->{attempt} > 0 ? 1 : 0, "$name: what is on S3 waits to be deleted");
	cleaned_later($name, $job);
}

{
	my $name = 'unloading, the warehouse hangs';
	gateway(unload_delay_ms => 900_000);
	my $job = export_job($node, $query, unique('cancel-hangs'), %key);
	ok(wait_until(sub { $staged->() > 0 }), "$name: some files are written");
	my $prefix = job_row($node, $job);
	gateway(hang_connect => $yes);
	my $row = settles($name, $job);
	is(left($job, "'s3://' || bucket || '/' || prefix"), $prefix->{stage_prefix}, "$name: what is on S3 waits to be deleted");
	is(left($job, 'statement_id'), $prefix->{unload_pid}, "$name: and the UNLOAD to be stopped");
	is(join(' ', unload_states($prefix)), 'running', "$name: it runs");
	ok(wait_for($node, no_workers()), "$name: the leader gives up");
	cleaned_later($name, $job);
	is(join(' ', unload_states($prefix)), 'aborted', "$name: it was stopped");
}

{
	my $name = 'finishing, staging files may not be deleted';
	faults(rule(DeleteObjects => { type => 'error', status => 403, code => 'AccessDenied' }, times => undef));
	my $job = export_and_wait($node, $query, unique('cancel-hangs'), %key);
	is($job->{state}, 'succeeded', "$name: the job succeeds");
	is(left($job->{job_id}, 'count(*)'), '1', "$name: they wait to be deleted");
	ok(wait_for($node, no_workers()), "$name: its leader has ended");
	clear_faults();
	due();
	is(export_and_wait($node, $query, unique('cancel-hangs'), %key)->{state}, 'succeeded', "$name: the next job succeeds");
	ok(wait_for($node, 'SELECT count(*) = 0 FROM rs2ddb.leftover'), "$name: it has deleted them");
	is($staged->(), 0, "$name: no file is left below the stage");
}

reset_stand_ins();
$node->stop;
done_testing();
