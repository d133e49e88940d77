# A warehouse that does not keep to the protocol: whatever it sends, the job can be canceled, its leader
# terminated and the server stopped, memory stays bounded, and the job says what happened.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;
use Rs2ddb::Hostile;

reset_stand_ins();
start_hostile();
my $node = new_node('hostile', conf => "rs2ddb.max_workers = 12\nmax_worker_processes = 32\n");
my $sql = sub { $node->safe_psql($Rs2ddb::database, $_[0]) };
my $long_query = 'SELECT 1 /* ' . 'x' x 8_000_000 . ' */';

sub hostile_job
{
	my ($phase, $fault, %options) = @_;
	my ($server, $database) = hostile_server($node, $phase, $fault, %options);
	my $query = $phase eq 'deaf' ? $long_query : 'SELECT 1';
	my $job = export_job($node, $query, unique('hostile'), key => q('{id}'), server => "'$server'");
	return { name => "$phase, $fault", id => $job, database => $database };
}

# ---- what ends by itself ------------------------------------------------------------------------

my $copy = qr/^the warehouse answered a statement with COPY$/;
for my $case (
	[ settings => 'copy_out', '08P01', $copy ],
	[ describe => 'copy_in', '08P01', $copy ],
	[ describe => 'copy_out', '08P01', $copy ],
	[ describe => 'copy_both', '08P01', $copy ],
	[ unload => 'copy_out', '08P01', $copy ],
	[ describe => 'garbage', '08006', qr/lost synchronization with server: got message type "#"/ ],
	[ describe => 'long_ready', '08006', qr/lost synchronization with server: got message type "Z"/ ],
	[ describe => 'farewell', '57P01', qr/^Das Lager schließt für heute$/ ],
	[ deaf => 'farewell', '(?:57P01|08006)', qr/^Das Lager schließt für heute$|^could not send to the warehouse$/ ],
	[ login => 'garbage', '08006', qr/^could not connect to warehouse at 127\.0\.0\.1:\d+$/, qr/expected authentication request/ ],
	[ login => 'farewell', '08006', qr/^could not connect to warehouse/, qr/Das Lager schließt für heute/ ],
	[ login => 'trickle', '08006', qr/^could not connect to warehouse/, qr/no answer within 2 s/ ],
	[ login => 'notices', '08006', qr/^could not connect to warehouse/, undef ])
{
	my ($phase, $fault, $sqlstate, $message, $detail) = @$case;
	my $job = hostile_job($phase, $fault, connect_timeout => 2);
	my $row = wait_job($node, $job->{id});
	is($row->{state}, 'failed', "$job->{name}: the job fails");
	like($row->{error_sqlstate}, qr/^$sqlstate$/, "$job->{name}: with its SQLSTATE");
	like($row->{error_message}, $message, "$job->{name}: and says what happened");
	like($row->{error_detail}, $detail, "$job->{name}: and how") if $detail;
	is($row->{attempt}, $phase eq 'unload' ? 3 : 0, "$job->{name}: after so many UNLOADs");
}

# ---- how many rows an UNLOAD has written so far --------------------------------------------------

# The UNLOAD takes longer than it takes until the history is asked; whatever that answers, it is none of the UNLOAD's.
my @watched = map { hostile_job(history => $_) } qw(copy_out garbage farewell trickle notices rows silence);
for my $job (@watched)
{
	ok(hostile_said(begun => $job->{database}), "$job->{name}: it is asked");
	my $row = wait_job($node, $job->{id});
	is("$row->{state} $row->{attempt}", 'succeeded 1', "$job->{name}: the job succeeds") or diag($row->{error_message});
	is($row->{unload_rows}, undef, "$job->{name}: nothing is known");
	ok(hostile_said(gone => "$job->{database} 0"), "$job->{name}: no session is left");
}
my @said = slurp_file($node->logfile) =~ /cannot tell how many rows the UNLOAD below \S+ has written so far: (.+)/g;
note($_) for @said;
is(scalar(@said), 3, 'the log tells what came, where something came before the UNLOAD had ended');
unlike(slurp_file($node->logfile), qr/nnnnnnnnnn/, "notices are not the log's");

# ---- what never ends ----------------------------------------------------------------------------

my @endless = ([ login => 'trickle', connect_timeout => 600 ], [ settings => 'silence' ], [ describe => 'trickle' ],
	[ describe => 'long_error' ], [ describe => 'notices' ], [ deaf => 'notices' ], [ describe => 'notifications' ],
	[ unload => 'trickle' ], [ unload => 'long_error' ], [ unload => 'notices' ]);
my $leader_of = sub { $sql->("SELECT leader_pid FROM rs2ddb.job WHERE job_id = $_[0]->{id}") };

sub start_endless
{
	my @jobs = map { hostile_job(@$_) } @endless;
	ok(hostile_said(begun => $_->{database}), "$_->{name}: begins") for @jobs;
	return @jobs;
}

sub memory_mb
{
	my ($pid) = @_;
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
	return $kb / 1024;
}

my @jobs = start_endless();
for my $job (grep { $_->{name} =~ /notices|notifications/ } @jobs)
{
	ok(hostile_sent_mb($job->{database}, 128), "$job->{name}: 128 MB have come");
	my $mb = memory_mb($leader_of->($job));
	cmp_ok($mb, '<', 100, sprintf '%s: the leader has %.0f MB', $job->{name}, $mb);
}
for my $job (@jobs)
{
	is($sql->("SELECT rs2ddb_cancel($job->{id})"), 't', "$job->{name}: cancel returns true");
	is($sql->("SELECT state FROM rs2ddb_wait($job->{id}, '30 s')"), 'canceled', "$job->{name}: the job is canceled");
}
ok(wait_for($node, no_workers()), 'no worker is left');

@jobs = start_endless();
for my $job (@jobs)
{
	my $pid = $leader_of->($job);
	$sql->("SELECT pg_terminate_backend($pid)");
	ok(wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"), "$job->{name}: its leader can be terminated");
}
$sql->("SELECT rs2ddb_cancel($_->{id})") for @jobs;
is($sql->("SELECT state FROM rs2ddb_wait($_->{id}, '60 s')"), 'canceled', "$_->{name}: and the job canceled") for @jobs;
ok(wait_for($node, no_workers()), 'no worker is left');

{
	local $Rs2ddb::database = 'doomed';
	$node->safe_psql('postgres', 'CREATE DATABASE doomed');
	$sql->('CREATE EXTENSION rs2ddb');
	my $job = hostile_job(describe => 'notices');
	ok(hostile_said(begun => $job->{database}), 'another database: notices begin');
	$node->safe_psql('postgres', 'DROP DATABASE doomed');
	is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_database WHERE datname = 'doomed')), '0',
		'notices without end do not keep a database from being dropped');
}

start_endless();
$node->stop('fast');
ok(!-e $node->data_dir . '/postmaster.pid', 'a fast shutdown ends them all');

stop_hostile();
reset_stand_ins();
done_testing();
