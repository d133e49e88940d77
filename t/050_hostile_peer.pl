# A warehouse that is none: whatever a peer answers, a job fails by itself or can be canceled, its worker can be
# terminated, and the server can be stopped.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;

my ($out, $err) = ('', '');
my $peer = IPC::Run::start([ 'node', 't/lib/hostile_peer.mjs' ], '<', \undef, '>', \$out, '2>', \$err);
$peer->pump until $out =~ /port (\d+)/ || !$peer->pumpable;
my ($port) = $out =~ /port (\d+)/ or die "no peer: $err";

my $node = new_node('hostile_peer', conf => "rs2ddb.max_workers = 8\n");
$node->safe_psql('postgres', q(CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0));
{
	local $Rs2ddb::database = 'latin1';
	$node->safe_psql('latin1', 'CREATE EXTENSION rs2ddb');
}

sub job_with
{
	my ($mode) = @_;
	(my $server = "peer_$Rs2ddb::database\_$mode") =~ s/\W/_/g;
	create_warehouse($node, $server, { host => '127.0.0.1', port => $port, dbname => $mode, connect_timeout => '60' });
	return export_job($node, 'SELECT 1 AS id', unique('hostile'), key => q('{id}'), server => "'$server'");
}

# ---- answers that end the job -----------------------------------------------------------------

for my $mode (qw(copy_in copy_out copy_both))
{
	my $job = wait_job($node, job_with($mode));
	is("$job->{state} $job->{error_sqlstate}", 'failed 08P01', "a statement that is answered with COPY ($mode) ends the job");
	is($job->{error_message}, 'the warehouse answered a statement with COPY', 'and the message says so');
}
is(wait_job($node, job_with($_))->{state}, 'failed', "so does what is no message ($_)") for qw(garbage huge);
for my $database (qw(postgres latin1))
{
	local $Rs2ddb::database = $database;
	my $job = wait_job($node, job_with('close'));
	is($job->{state}, 'failed', "a session that ends with words that LATIN1 cannot hold fails the job ($database)");
	like($job->{error_message}, qr/\S/, 'and what is known of it is text of the database');
}

# ---- answers that never end -------------------------------------------------------------------

my @endless = qw(notices results trickle trickle_login);
sub leads
{
	my ($job) = @_;
	ok(wait_for($node, "SELECT state = 'preparing' AND leader_pid IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'a job waits for it');
	return job_row($node, $job)->{leader_pid};
}

for my $mode (@endless)
{
	my $job = job_with($mode);
	leads($job);
	$node->safe_psql('postgres', "SELECT rs2ddb_cancel($job)");
	is(wait_job($node, $job)->{state}, 'canceled', "$mode: the job can be canceled");

	$job = $node->safe_psql('postgres', "SELECT rs2ddb_export('SELECT 1 AS id', 'again', server => 'peer_postgres_$mode')");
	my $pid = leads($job);
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	ok(wait_for($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"), "$mode: its leader can be terminated");
	$node->safe_psql('postgres', "SELECT rs2ddb_cancel($job)");
	is(wait_job($node, $job)->{state}, 'canceled', "$mode: and the job canceled after that");
}

# ---- and in the place of an UNLOAD ------------------------------------------------------------

my $job = job_with('unload_copy_in');
ok(wait_for($node, "SELECT state = 'unloading' FROM rs2ddb.job WHERE job_id = $job"), 'an UNLOAD is answered with COPY');
$node->safe_psql('postgres', "SELECT rs2ddb_cancel($job)");
is(wait_job($node, $job)->{state}, 'canceled', 'its job can be canceled');

leads($node->safe_psql('postgres', "SELECT rs2ddb_export('SELECT 1 AS id', 'again', server => 'peer_postgres_$_')")) for @endless;
ok($node->stop('fast', fail_ok => 1), 'a fast shutdown ends the workers of all of them');

$peer->kill_kill;
done_testing();
