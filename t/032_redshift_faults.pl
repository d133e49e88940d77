# What a warehouse does on bad days: an UNLOAD that finished is used, whoever waited for it; one that
# failed is cleaned up and tried again under a new prefix, a few times; what only the user can mend
# fails at once and says what.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
# Wide enough that the gateway has rows to read while it is held up.
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.redshift_faults;
CREATE TABLE public.redshift_faults AS
  SELECT i AS id, repeat(md5(i::text), 60)::varchar(2000) AS name FROM generate_series(1, 900) AS i;
SQL
my $node = new_node('redshift_faults');
my $query = 'SELECT * FROM redshift_faults';
my $folder = unique('redshift-faults') . '/';
create_warehouse($node, 'own_stage', { stage => "s3://$ENV{RS2DDB_S3_BUCKET}/$folder" });
my %key = (key => q('{id}'), server => q('own_stage'));
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
my @faults = (unload_delay_ms => 0, drop_connection_during_unload => $no, fail_unload_after_files => 0,
	unload_error => undef, fault_unloads => 0, hang_connect => $no, rows_per_file => 100);
my $mend = sub { gateway(@faults) };
$mend->();

sub arrived
{
	my ($name, $job, $table, $unloads) = @_;
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag("$job->{error_message}\n$job->{error_detail}");
	is($job->{attempt}, $unloads, "$name: after $unloads UNLOADs");
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

# What is left below the stage, which no other test uses.
my $staged = sub { scalar s3_keys($folder) };

# Starts an export, waits until its first UNLOAD has written something, and returns job and table.
sub unloading
{
	my $table = unique('redshift-faults');
	my $job = export_job($node, $query, $table, %key, @_);
	ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), 'an UNLOAD is sent');
	my $row = job_row($node, $job);
	ok(wait_until(sub { stage_files($row) > 0 }), 'it has written some files');
	return ($job, $table, $row);
}

sub session_of { return warehouse("SELECT session_id FROM redshift.unload_history WHERE status = 'running'
	AND unloaded_location LIKE '$_[0]->{stage_prefix}%'"); }

# ---- the connection ---------------------------------------------------------------------------

{
	my $before = unloads();
	my $table = unique('redshift-faults');
	gateway(drop_connection_during_unload => $yes, unload_delay_ms => 3000);
	my $job = export_and_wait($node, $query, $table, %key);
	arrived('the connection is lost, the UNLOAD goes on', $job, $table, 1);
	is(unloads(), $before + 1, 'it is not run again');
	$mend->();
}
{
	my $name = 'the connection is lost, and the warehouse cannot be reached for a while';
	gateway(drop_connection_during_unload => $yes, unload_hold => $yes);
	my ($id, $table) = unloading();
	gateway(hang_connect => $yes);
	ok(wait_until(sub { slurp_file($node->logfile) =~ /connection lost during UNLOAD/ }), 'the leader has seen it');
	gateway(unload_hold => $no);
	ok(wait_until(sub { join(' ', unload_states(job_row($node, $id))) eq 'completed' }), 'meanwhile the UNLOAD ends');
	is(job_row($node, $id)->{state}, 'unloading', 'the job waits');
	gateway(hang_connect => $no);
	arrived($name, wait_job($node, $id), $table, 1);
	$mend->();
}
{
	my $name = 'the warehouse restarts (57P01)';
	gateway(unload_delay_ms => 900_000, fault_unloads => 1);
	my ($id, $table, $row) = unloading();
	warehouse('SELECT pg_terminate_backend(' . session_of($row) . ')');
	arrived($name, wait_job($node, $id), $table, 2);
	is(scalar(stage_files($row)), 0, "$name: the files of the first UNLOAD are deleted");
	$mend->();
}
{
	my $name = 'the leader is gone, its UNLOAD goes on';
	gateway(unload_hold => $yes);
	my ($id, $table) = unloading();
	my ($leader) = worker_pids($node, 'leader');
	$sql->("SELECT pg_terminate_backend($leader)");
	ok(wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $leader)"), 'its leader is gone');
	$sql->("SELECT rs2ddb_wait($id, '1 s')");    # the next one follows the UNLOAD
	gateway(unload_hold => $no);
	arrived($name, wait_job($node, $id), $table, 1);
	$mend->();
}

# ---- UNLOADs that fail ------------------------------------------------------------------------

{
	my $name = 'the administrator cancels the statement';
	gateway(unload_delay_ms => 900_000, fault_unloads => 1);
	my ($id, $table, $row) = unloading();
	warehouse('SELECT pg_cancel_backend(' . session_of($row) . ')');
	arrived($name, wait_job($node, $id), $table, 2);
	is(scalar(stage_files($row)), 0, "$name: the files of the first UNLOAD are deleted");
	is($sql->("SELECT count(*) FROM rs2ddb.event WHERE job_id = $id AND message ~ '^UNLOAD again, after: .*cancell?ed'"), '1',
		"$name: an event says why there was a second");
	$mend->();
}
for my $case (
	[ 'S3 fails after some files', 2, fail_unload_after_files => 2 ],
	[ 'the disk of the warehouse is full', 3, unload_error => { sqlstate => 'XX000', message => 'Disk Full',
		detail => "error:  Disk Full\ncode:      1016\ncontext:   node: 0" } ],
	[ 'a conflict of transactions', 2, unload_error => { sqlstate => 'XX000', message => '1023',
		detail => 'Serializable isolation violation on table - 1' } ])
{
	my ($name, $unloads, @fault) = @$case;
	my $table = unique('redshift-faults');
	gateway(@fault, fault_unloads => $unloads - 1);
	arrived($name, export_and_wait($node, $query, $table, %key), $table, $unloads);
	is($staged->(), 0, "$name: no staging file is left");
	$mend->();
}
{
	my $name = 'it fails each time';
	my $before = unloads();
	my $table = unique('redshift-faults');
	gateway(fail_unload_after_files => 2);
	my $job = export_and_wait($node, $query, $table, %key);
	is($job->{state}, 'failed', "$name: the job fails");
	is(unloads(), $before + 3, "$name: after three UNLOADs");
	is($job->{attempt}, 3, "$name: all of them counted");
	like($job->{error_message}, qr/S3ServiceException/, "$name: in the words of the warehouse");
	is($job->{error_code}, 'InternalError', "$name: with the code of S3");
	like($job->{error_hint}, qr/tried 3 times.*rs2ddb_resume/, "$name: and what to do");
	is($staged->(), 0, "$name: no staging file is left");
	$mend->();
	$sql->("SELECT rs2ddb_resume($job->{job_id})");
	arrived("$name, mended", wait_job($node, $job->{job_id}), $table, 4);
}
{
	my $name = 'what only the user can mend';
	my $before = unloads();
	gateway(unload_error => { sqlstate => '42501', message => 'permission denied for relation redshift_faults' });
	my $job = export_and_wait($node, $query, unique('redshift-faults'), %key);
	is($job->{state}, 'failed', "$name: the job fails");
	is(unloads(), $before + 1, "$name: after one UNLOAD");
	is($job->{error_sqlstate}, '42501', "$name: with the SQLSTATE of the warehouse");
	$mend->();
}

# ---- no session -------------------------------------------------------------------------------

create_warehouse($node, 'with_tls', { sslmode => 'require' });
create_warehouse($node, 'silent', { connect_timeout => '1' });
gateway(hang_connect => $yes);
my $silent = export_and_wait($node, $query, unique('redshift-faults'), %key, server => q('silent'));
gateway(hang_connect => $no);
my $no_tls = export_and_wait($node, $query, unique('redshift-faults'), %key, server => q('with_tls'));
for my $case ([ 'a warehouse that does not answer', $silent, qr/no answer within 1 s/ ],
	[ 'a warehouse that refuses TLS', $no_tls, qr/server does not support SSL/ ])
{
	my ($name, $job, $detail) = @$case;
	is($job->{state}, 'failed', "$name: the job fails");
	like($job->{error_message}, qr/^could not connect to warehouse at \S+:\d+/, "$name: the error names it");
	like($job->{error_detail}, $detail, "$name: and what happened");
	like($job->{error_sqlstate}, qr/^08/, "$name: with an SQLSTATE of connections");
	like($job->{error_hint}, qr/host.*sslmode/, "$name: and what to look at");
	is($job->{attempt}, 0, "$name: no UNLOAD was sent");
}

reset_stand_ins();
$node->stop;
done_testing();
