# rs2ddb_cancel while the remote side hangs before a row is loaded: the job is settled while it still hangs, and what it
# left is deleted later, by its prefix.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;
use Rs2ddb::Hangs;

reset_stand_ins();
my $node = hangs_node('cancel_hangs');
my $yes = JSON::PP::true;

cancel_while_hanging('preparing, DescribeTable hangs', hang('DescribeTable'));
cancel_while_hanging('unloading, CreateTable hangs', hang('CreateTable'), hang('DeleteObjects'));
cancel_while_hanging('unloading, the manifest hangs', hang('GetObject', path => 'manifest$'), hang('DeleteObjects'));

{
	my $name = 'unloading, the warehouse hangs';
	gateway(unload_delay_ms => 900_000);
	my $job = hurried_job();
	ok(wait_until(sub { staged_files() > 0 }), "$name: some files are written");
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

reset_stand_ins();
$node->stop;
done_testing();
