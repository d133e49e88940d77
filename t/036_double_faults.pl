# A second fault while the first is being mended: what a leader found out is stored with all that
# follows from it, or not at all, so that the leader after it neither leaves rows out nor mixes attempts.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.double_faults, public.double_faults_2;
CREATE TABLE public.double_faults AS SELECT i AS id, md5(i::text)::varchar(40) AS a, ('b' || i)::varchar(40) AS b
  FROM generate_series(1, 900) AS i;
SQL
my $node = new_node('double_faults');
my $query = 'SELECT * FROM double_faults';
my %key = (key => q('{id}'));
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my @always = (times => undef);
gateway(rows_per_file => 100);
$sql->(q(CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE disk_full; END$$));

# A leader fails in the catalog when it makes such a change; the one after it goes on.
sub fails_in_catalog
{
	my ($name, $job, $table, $when, $begin) = @_;
	$sql->("CREATE TRIGGER refuse BEFORE UPDATE ON $table FOR EACH ROW WHEN ($when) EXECUTE FUNCTION refuse()");
	$begin->();
	is(wait_job($node, $job)->{error_sqlstate}, '53100', "$name: the leader that notices fails");
	$sql->("DROP TRIGGER refuse ON $table");
	$sql->("SELECT rs2ddb_resume($job)");
	wait_job($node, $job);
}

sub terminate_leader
{
	my ($name) = @_;
	my ($leader) = worker_pids($node, 'leader');
	$sql->("SELECT pg_terminate_backend($leader)");
	ok(wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $leader)"), "$name: its leader is gone");
}

{
	my $name = 'another table, then the catalog fails';
	my $table = unique('double-faults');
	faults(rule(BatchWriteItem => { type => 'error', status => 400, code => 'AccessDeniedException' }, @always, nth => 12));
	my $job = export_and_wait($node, $query, $table, %key, workers => 1);
	is($job->{state}, 'failed', "$name: a job stops");
	cmp_ok($sql->("SELECT sum(checkpoint) FROM rs2ddb.file WHERE job_id = $job->{job_id}"), '>', 0, "$name: part of it is written");
	clear_faults();
	dynamodb('drop', $table);
	fails_in_catalog($name, $job->{job_id}, 'rs2ddb.file', 'OLD.checkpoint > 0 AND NEW.checkpoint = 0',
		sub { $sql->("SELECT rs2ddb_resume($job->{job_id})") });
	job_is_complete($node, $name, $job->{job_id}, $query, $table, 1);
}
# Another table gets the name of the job's while nobody looks: then what was written is not in it.
for my $case ([ 'another table while a loader is replaced', { type => 'delay', ms => 900_000 }, 1 ],
	[ 'another table while a loader is kept waiting', { type => 'error', status => 500, code => 'InternalServerError' }, 0 ])
{
	my ($name, $fault, $replaced) = @$case;
	my $table = unique('double-faults');
	faults(rule(BatchWriteItem => $fault, @always, nth => 12));
	my $job = export_job($node, $query, $table, %key, workers => 1);
	ok(wait_until(\&fired), "$name: writes are held up");
	ok(wait_for($node, "SELECT sum(checkpoint) > 0 FROM rs2ddb.file WHERE job_id = $job"), "$name: after some rows");
	dynamodb('drop', $table);
	dynamodb('create', qq({"TableName": "$table", "BillingMode": "PAY_PER_REQUEST",
	  "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}));
	clear_faults();
	$sql->("SELECT pg_terminate_backend($_)") for $replaced ? worker_pids($node, 'loader') : ();
	my $failed = wait_job($node, $job);
	is($failed->{state}, 'failed', "$name: the job does not succeed");
	like($failed->{error_message} // '', qr/"$table" is not the one that this job has written to/, "$name: it says why");
	$sql->("SELECT rs2ddb_resume($job)");
	wait_job($node, $job);
	job_is_complete($node, $name, $job, $query, $table, 1);
}
{
	my $name = 'other columns, then the catalog fails';
	my $table = unique('double-faults');
	gateway(unload_hold => JSON::PP::true);
	my $job = export_job($node, $query, $table, %key);
	ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), "$name: an UNLOAD is sent");
	my $row = job_row($node, $job);
	ok(wait_until(sub { stage_files($row) > 0 }), "$name: it has written some files");
	terminate_leader($name);
	gateway(unload_hold => JSON::PP::false);
	ok(wait_until(sub { join(' ', unload_states($row)) eq 'completed' }), "$name: the UNLOAD ends without it");
	warehouse('CREATE TABLE public.double_faults_2 AS SELECT id, b, a FROM public.double_faults; DROP TABLE public.double_faults;
		ALTER TABLE public.double_faults_2 RENAME TO double_faults');
	fails_in_catalog($name, $job, 'rs2ddb.job', q(NEW.state = 'unloading' AND OLD.state = 'preparing'), sub { });
	job_is_complete($node, $name, $job, $query, $table, 2);
	is(join(' ', stage_files($row)), '', "$name: the files of the first UNLOAD are deleted");
}
{
	my $name = 'the leader is terminated while its loaders hang';
	my $table = unique('double-faults');
	faults(rule(BatchWriteItem => { type => 'hang' }, @always));
	my $job = export_job($node, $query, $table, %key);
	ok(wait_until(\&fired), "$name: they hang");
	terminate_leader($name);
	ok(wait_for($node, no_workers()), "$name: its loaders end, too");
	clear_faults();
	wait_job($node, $job);
	job_is_complete($node, $name, $job, $query, $table, 1);
}
{
	my $name = 'an UNLOAD is done, its manifest cannot be read';
	my $table = unique('double-faults');
	faults(rule(GetObject => { type => 'error', status => 403, code => 'AccessDenied' }, @always, path => 'manifest$'));
	my $job = export_and_wait($node, $query, $table, %key);
	is($job->{state}, 'failed', "$name: the job fails");
	is($job->{error_code}, 'AccessDenied', "$name: it says why");
	clear_faults();
	$sql->("SELECT rs2ddb_resume($job->{job_id})");
	wait_job($node, $job->{job_id});
	job_is_complete($node, $name, $job->{job_id}, $query, $table, 1);
}

# DynamoDB does not say whether it is still the same table: to a loader that begins, and when all rows are written.
sub table_and_fault
{
	my ($fault, $times, $nth) = @_;
	my $table = unique('double-faults');
	dynamodb('create', qq({"TableName": "$table", "BillingMode": "PAY_PER_REQUEST",
	  "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}));
	faults(rule(DescribeTable => $fault, nth => $nth // 3, times => $times)); # the leader asks, its loader, and the leader again
	return $table;
}
my ($passing, $lasting) = ({ type => 'error', status => 500, code => 'InternalServerError' }, { type => 'error', status => 400, code => 'AccessDeniedException' });
for my $case ([ 'loaders begin, the table is not described for a while', 30, 2 ], [ 'all is written, the table is not described for a while', 12, 3 ])
{
	my ($name, $times, $nth) = @$case;
	my $table = table_and_fault($passing, $times, $nth);
	my $job = export_and_wait($node, $query, $table, workers => 1);
	is(fired(), $times, "$name: it happened");
	clear_faults();
	job_is_complete($node, $name, $job->{job_id}, $query, $table, 1);
}
{
	my $name = 'all is written, the table is not described, the job is canceled';
	my $table = table_and_fault($passing, undef);
	my $job = export_job($node, $query, $table, workers => 1);
	ok(wait_until(sub { fired() > 5 }), "$name: it is asked for again");
	is($sql->("SELECT state FROM rs2ddb.job WHERE job_id = $job"), 'finishing', "$name: when all is written");
	$sql->("SELECT rs2ddb_cancel($job)");
	is($sql->("SELECT state FROM rs2ddb_wait($job, '30 s')"), 'canceled', "$name: at once");
	clear_faults();
}
{
	my $name = 'all is written, the table may not be described any more';
	my $table = table_and_fault($lasting, undef);
	my $job = export_and_wait($node, $query, $table, workers => 1);
	is(fired(), 1, "$name: it happened");
	is("$job->{state} $job->{error_code}", 'failed AccessDeniedException', "$name: the job fails and says why");
	clear_faults();
	faults(map { rule($_ => $lasting, @always) } qw(BatchWriteItem GetObject));
	$sql->("SELECT rs2ddb_resume($job->{job_id})");
	wait_job($node, $job->{job_id});
	is(fired(), 0, "$name: nothing is loaded again");
	clear_faults();
	job_is_complete($node, $name, $job->{job_id}, $query, $table, 1);
}

reset_stand_ins();
$node->stop;
done_testing();
