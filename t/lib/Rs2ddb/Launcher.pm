# What the tests of the launcher share: a server that preloads rs2ddb, with databases that its launcher must live with,
# jobs that are held up in them, and the proof that such jobs go on by themselves.
package Rs2ddb::Launcher;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Rs2ddb;
use Rs2ddb::Faults;
use Test::More;

our @EXPORT = qw(launcher_node query_of_jobs held_up_jobs succeed_by_themselves nobody_stumbled);

my $node;
my $query = 'SELECT * FROM launched';
my %key = (key => q('{id}'));
my @held_up = rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef, nth => 20);

# The query of the jobs.
sub query_of_jobs { return $query; }

# The server, and the table in the warehouse; the functions below work with it.
sub launcher_node
{
	my ($name) = @_;
	warehouse(<<'SQL');
DROP TABLE IF EXISTS public.launched;
CREATE TABLE public.launched AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
	$node = new_node($name, conf => <<'CONF');
shared_preload_libraries = 'rs2ddb'
restart_after_crash = on
rs2ddb.max_workers = 6
CONF
	# Databases that the launcher must live with, some of them with the extension.
	$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(second no_extension closed pattern);
	for my $database (qw(second closed pattern))
	{
		local $Rs2ddb::database = $database;
		$node->safe_psql($database, 'CREATE EXTENSION rs2ddb');
		create_warehouse($node, 'warehouse');
	}
	$node->safe_psql('postgres', 'ALTER DATABASE closed ALLOW_CONNECTIONS false');
	$node->safe_psql('postgres', 'ALTER DATABASE pattern IS_TEMPLATE true');
	return $node;
}

# Jobs that are held up in loading, in both databases; returns [database, job, table] of each.
sub held_up_jobs
{
	my ($name, @databases) = @_;
	gateway(rows_per_file => 1000, slices => 2);
	faults(@held_up);
	my @jobs;
	for my $database (@databases)
	{
		local $Rs2ddb::database = $database;
		my $table = unique('launched');
		my $job = export_job($node, $query, $table, %key, workers => 1);
		ok(wait_for($node, "SELECT count(*) > 0 FROM rs2ddb.file WHERE job_id = $job AND state = 'running'"),
			"$name: a job loads in $database");
		push @jobs, [ $database, $job, $table ];
	}
	ok(wait_until(\&fired), "$name: writes are held up");
	return @jobs;
}

# Nobody calls rs2ddb; the jobs succeed all the same.
sub succeed_by_themselves
{
	my ($name, @jobs) = @_;
	clear_faults();
	for (@jobs)
	{
		my ($database, $job, $table) = @$_;
		local $Rs2ddb::database = $database;
		ok(wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $job", 'succeeded'),
			"$name: the job in $database goes on and succeeds");
		my $row = job_row($node, $job);
		is($row->{attempt}, 1, "$name: there was one UNLOAD");
		is(scalar(unload_states($row)), 1, "$name: the warehouse says so too");
		ok(ledger_balances($node, $job), "$name: the ledger balances");
		my ($equal, $said) = verify_table($query, $table, 'id');
		ok($equal, "$name: every row has arrived") or diag($said);
	}
}

# The server's log has no error but those of a server that ends and starts.
sub nobody_stumbled
{
	unlike(slurp_file($node->logfile), qr/(?:ERROR|FATAL):(?!.*(?:terminating|shutting down|starting up|recovery|not yet accepting))/,
		'no worker stumbled over a database without the extension, a closed one or a template');
}

1;
