# A warehouse that breaks the protocol (t/lib/hostile_warehouse.mjs), and servers that lead to it.
package Rs2ddb::Hostile;

use strict;
use warnings;
use Exporter 'import';
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Rs2ddb;
use Rs2ddb::Faults;

our @EXPORT = qw(start_hostile stop_hostile hostile_server hostile_said hostile_sent_mb);

my ($run, $port);
my ($out, $err) = ('', '');
my $count = 0;

sub start_hostile
{
	$run = IPC::Run::start([ 'node', 't/lib/hostile_warehouse.mjs' ], '<', \undef, '>', \$out, '2>', \$err);
	$run->pump until $out =~ /^\d+\n/ || !$run->pumpable;
	die "no hostile warehouse: $err" unless $out =~ /^(\d+)\n/;
	$port = $1;
}

sub stop_hostile { $run->kill_kill if $run; $run = undef; }

# A server that breaks in a phase with a fault; returns its name and that of its database.
sub hostile_server
{
	my ($node, $phase, $fault, %options) = @_;
	my $name = sprintf 'hostile_%d', ++$count;
	my $database = "$phase:$fault:$count";
	create_warehouse($node, $name, { host => '127.0.0.1', port => $port, dbname => $database, %options });
	return ($name, $database);
}

# Waits until the warehouse has said this of a database: "begun DATABASE", "unloading DATABASE", "gone DATABASE 0".
sub hostile_said
{
	my ($what, $database) = @_;
	return wait_until(sub { $run->pump_nb; return $out =~ /^$what \Q$database\E$/m; });
}

# Waits until it has sent so much of a flood, for at most 60 seconds.
sub hostile_sent_mb
{
	my ($database, $mb) = @_;
	return wait_until(sub {
		$run->pump_nb;
		my $sent = 0;
		$sent = $1 while $out =~ /^sent \Q$database\E (\d+)$/mg;
		return $sent >= $mb;
	});
}

END { my $status = $?; stop_hostile(); $? = $status; }

1;
