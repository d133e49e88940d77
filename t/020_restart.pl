# The server is stopped while a job runs, in each of its states, fast or at once, and while the remote side is silent: it
# stops within seconds, and after the start the job goes on where it was. The same when the job's leader is killed, which
# restarts the server, or terminated. An UNLOAD that has finished is not run again, and one that goes on is waited for.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Rs2ddb;
use Rs2ddb::Faults;

# A wait that nobody can interrupt lasts for 15 seconds and more.
use constant GUARD_S => 10;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.restarted;
CREATE TABLE public.restarted AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM restarted';
my %key = (key => q('{id}'));

my $node = new_node('restart', conf => "restart_after_crash = on\n");
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $silent = { type => 'delay', ms => 900_000 };
my $silent_on = sub { my ($target, %more) = @_; return sub { faults(rule($target => $silent, times => undef, %more)) } };
my $s3_post = { service => 's3', match => { method => 'POST' }, times => undef, action => $silent };

# Who is silent, the state in which the job waits for it, how to make it so, and the UNLOADs that the job
# needs in the end. The warehouse goes on with an UNLOAD that nobody waits for.
my @places = (
	[ 'the warehouse at connect', 'preparing', sub { gateway(hang_connect => JSON::PP::true) }, 1 ],
	[ 'DynamoDB, asked for the table', 'preparing', $silent_on->('DescribeTable'), 1 ],
	[ 'the warehouse in UNLOAD', 'unloading', sub { gateway(unload_hold => JSON::PP::true) }, 1 ],
	[ 'S3, asked for the manifest', 'unloading', $silent_on->('GetObject', path => 'manifest$'), 1 ],
	[ 'S3, asked for a file', 'loading', $silent_on->('GetObject', path => 'part'), 1 ],
	[ 'DynamoDB, asked to write', 'loading', $silent_on->('BatchWriteItem', nth => 20), 1 ],
	[ 'S3, asked to delete', 'finishing', sub { faults($s3_post) }, 1 ]);

sub release
{
	clear_faults();
	gateway(hang_connect => JSON::PP::false, unload_hold => JSON::PP::false);
}

# A job that waits in the state; its id and its table.
sub waiting_job
{
	my ($name, $state, $silence) = @_;
	my $table = unique('restarted');
	gateway(rows_per_file => 1000, slices => 2);
	$silence->();
	my $job = export_job($node, $query, $table, %key);
	my $there = $state eq 'unloading' ? 'stage_prefix IS NOT NULL' : 'true';
	ok(wait_for($node, "SELECT state = '$state' AND $there FROM rs2ddb.job WHERE job_id = $job"), "$name: a job is $state");
	return ($job, $table);
}

sub stop_and_start
{
	my ($name, $mode) = @_;
	my $begin = time;
	$node->stop($mode);
	my $took = time - $begin;
	cmp_ok($took, '<', GUARD_S, "$name: the server stops");
	note(sprintf '%s: %.2f s', $name, $took);
	release();
	$node->start;
}

sub leader_ends
{
	my ($name, $signal) = @_;
	my ($leader) = worker_pids($node, 'leader');
	kill $signal, $leader;
	ok(wait_until(sub { try_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $leader") eq '0' }),
		"$name: it has no leader");
	release();
}

sub complete
{
	my ($name, $job, $table, $unloads) = @_;
	job_is_complete($node, $name, $job, $query, $table, $unloads);
}

for my $case ([ 'fast shutdown', \&stop_and_start, 'fast' ], [ 'immediate shutdown', \&stop_and_start, 'immediate' ],
	[ 'kill -9 of the leader', \&leader_ends, 'KILL' ], [ 'SIGTERM of the leader', \&leader_ends, 'TERM' ])
{
	my ($what, $blow, $how) = @$case;
	for my $place (@places)
	{
		my ($who, $state, $silence, $unloads) = @$place;
		my $name = "$what in $state, silent: $who";
		my ($job, $table) = waiting_job($name, $state, $silence);
		ok(wait_until(\&fired), "$name: it waits") if $who =~ /asked/;
		my $before = unloads();
		my $checkpoints = $sql->("SELECT COALESCE(sum(checkpoint), 0) FROM rs2ddb.file WHERE job_id = $job");
		$blow->($name, $how);
		cmp_ok($sql->("SELECT COALESCE(sum(checkpoint), 0) FROM rs2ddb.file WHERE job_id = $job"), '>=', $checkpoints,
			"$name: checkpoints are kept");
		$sql->("SELECT rs2ddb_resume($job)") if $how ne 'TERM';    # then waiting is enough
		wait_job($node, $job);
		complete($name, $job, $table, $unloads);
		my $begun = $state ne 'preparing';
		is(unloads() - $before, $begun ? 0 : 1, "$name: the warehouse has run " . ($begun ? 'no other' : 'one') . ' UNLOAD since');
	}
}

# ---- an UNLOAD that finishes while the server is down -----------------------------------------

my ($job, $table) = waiting_job('UNLOAD goes on', 'unloading', sub { gateway(unload_hold => JSON::PP::true) });
my $row = job_row($node, $job);
ok(wait_until(sub { stage_files($row) > 0 }), 'UNLOAD goes on: it has begun');
$node->stop('immediate');
release();
ok(wait_until(sub { join(' ', unload_states($row)) eq 'completed' }), 'UNLOAD goes on: it ends while the server is down');
$node->start;
$sql->("SELECT rs2ddb_resume($job)");
wait_job($node, $job);
complete('UNLOAD goes on', $job, $table, 1);
is(job_row($node, $job)->{stage_prefix}, $row->{stage_prefix}, 'UNLOAD goes on: its files are used');
is(join(' ', stage_files($row)), '', 'UNLOAD goes on: and deleted in the end');

reset_stand_ins();
$node->stop;
done_testing();
