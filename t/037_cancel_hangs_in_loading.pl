# rs2ddb_cancel while S3 or DynamoDB hangs in loading or finishing: the job is settled while it still hangs, and what it
# left is deleted later, by its prefix.
use strict;
use warnings;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;
use Rs2ddb::Hangs;

reset_stand_ins();
my $node = hangs_node('cancel_hangs_in_loading');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };

cancel_while_hanging('loading, S3 hangs', hang('GetObject', path => '_part_'), hang('DeleteObjects'));
cancel_while_hanging('loading, DynamoDB hangs', hang('BatchWriteItem'), hang('DeleteObjects'));
cancel_while_hanging('finishing, S3 hangs', hang('DeleteObjects'), hang('ListObjectsV2'));

{
	my $name = 'finishing, staging files may not be deleted';
	faults(rule(DeleteObjects => { type => 'error', status => 403, code => 'AccessDenied' }, times => undef));
	my $job = wait_job($node, hurried_job());
	is($job->{state}, 'succeeded', "$name: the job succeeds");
	is(left($job->{job_id}, 'count(*)'), '1', "$name: they wait to be deleted");
	ok(wait_for($node, no_workers()), "$name: its leader has ended");
	clear_faults();
	due();
	is(wait_job($node, hurried_job())->{state}, 'succeeded', "$name: the next job succeeds");
	ok(wait_for($node, 'SELECT count(*) = 0 FROM rs2ddb.leftover'), "$name: it has deleted them");
	is(staged_files(), 0, "$name: no file is left below the stage");
}

reset_stand_ins();
$node->stop;
done_testing();
