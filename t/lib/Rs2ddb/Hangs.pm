# What the tests of a cancel while the remote side hangs share: a server whose warehouse "hurried" gives up a connection
# early, jobs from it, and the proofs that a job settles at once and that what it left is deleted later.
package Rs2ddb::Hangs;

use strict;
use warnings;
use Exporter 'import';
use Rs2ddb;
use Rs2ddb::Faults;
use Test::More;
use Time::HiRes qw(time);

our @EXPORT = qw(hangs_node hurried_job staged_files hang settles cleaned_later cancel_while_hanging left due);

my ($node, $folder);
my $sql = sub { $node->safe_psql('postgres', $_[0]) };

# The server, and the table in the warehouse; the functions below work with it.
sub hangs_node
{
	my ($name) = @_;
	warehouse(<<'SQL');
DROP TABLE IF EXISTS public.cancel_hangs;
CREATE TABLE public.cancel_hangs AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 1200) AS i;
SQL
	$node = new_node($name);
	$folder = unique($name) . '/';
	create_warehouse($node, 'hurried', { connect_timeout => '2', stage => "s3://$ENV{RS2DDB_S3_BUCKET}/$folder" });
	gateway(rows_per_file => 100);
	return $node;
}

# Queues a job into a table of its own; returns its id.
sub hurried_job { return export_job($node, 'SELECT * FROM cancel_hangs', unique('cancel-hangs'), key => q('{id}'), server => q('hurried')); }

# How many files are below the stage.
sub staged_files { return scalar s3_keys($folder); }

sub hang { my ($target, %more) = @_; return rule($target => { type => 'hang' }, times => undef, %more); }

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

# What waits to be deleted of a job, as SQL for each row; and: leaders that end may try it from now on.
sub left { my ($job, $what) = @_; return $sql->("SELECT $what FROM rs2ddb.leftover WHERE job = $job"); }
sub due { return $sql->('UPDATE rs2ddb.leftover SET next_try = now()'); }

# The stand-ins answer again; the next job that ends deletes what is left.
sub cleaned_later
{
	my ($name, $job) = @_;
	reset_stand_ins();
	gateway(rows_per_file => 100);
	ok(wait_for($node, no_workers()), "$name: no worker is left in the end");
	due();
	is(wait_job($node, hurried_job())->{state}, 'succeeded', "$name: the next job succeeds");
	ok(wait_for($node, "SELECT stage_prefix IS NULL AND unload_pid IS NULL AND NOT EXISTS (SELECT FROM rs2ddb.leftover WHERE job = job_id)
		FROM rs2ddb.job WHERE job_id = $job"),
		"$name: nothing of the canceled job is left to do");
	ok(wait_for($node, no_workers()), "$name: no worker is left");
	is(staged_files(), 0, "$name: no file is left below the stage");
}

# A job that hangs by these rules is canceled.
sub cancel_while_hanging
{
	my ($name, @rules) = @_;
	faults(@rules);
	my $job = hurried_job();
	ok(wait_until(\&fired), "$name: it hangs");
	my $row = settles($name, $job);
	is($row->{error_message}, undef, "$name: that is no error");
	is(left($job, 'count(*)'), $row->{attempt} > 0 ? 1 : 0, "$name: what is on S3 waits to be deleted");
	cleaned_later($name, $job);
}

1;
