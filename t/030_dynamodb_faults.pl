# What DynamoDB does on bad days, one after the other and all at once: the job slows down, goes on and
# finishes, and no item is counted twice. What stops it stops it soon, and it can be resumed.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.dynamodb_faults;
CREATE TABLE public.dynamodb_faults AS
  SELECT i AS id, md5(i::text)::varchar(40) AS name, (NULL::varchar(10)) AS nothing FROM generate_series(1, 1500) AS i;
SQL
my $node = new_node('dynamodb_faults');
create_warehouse($node, 'hurried', { request_timeout => '2' });
my $query = 'SELECT * FROM dynamodb_faults';
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my %always = (times => undef);
gateway(rows_per_file => 300);

sub arrived
{
	my ($name, $job, $table) = @_;
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag("$job->{error_message}\n$job->{error_detail}");
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	is($job->{items_written}, 1500, "$name: each row is written once, by the ledger");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

sub survives
{
	my ($name, @rules) = @_;
	my $table = unique('dynamodb-faults');
	faults(@rules);
	my $job = export_and_wait($node, $query, $table, key => q('{id}'), server => q('hurried'));
	ok(all_fired(), "$name: it happened");
	clear_faults();
	arrived($name, $job, $table);
	return $job;
}

# ---- the connection ---------------------------------------------------------------------------

survives('silence before the request was applied', rule(BatchWriteItem => { type => 'hang' }, times => 2, nth => 3));
survives('silence after the request was applied', rule(BatchWriteItem => { type => 'hang', when => 'after' }, times => 2, nth => 3));
survives('all of it at once',
	rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, %always, probability => 0.1, seed => 31),
	rule(BatchWriteItem => { type => 'error', status => 503, code => 'ServiceUnavailable' }, %always, probability => 0.1, seed => 32),
	rule(BatchWriteItem => { type => 'error', status => 400, code => 'ThrottlingException' }, %always, probability => 0.1, seed => 33),
	rule(BatchWriteItem => { type => 'unprocessed', count => 9 }, %always, probability => 0.3, seed => 34),
	rule(BatchWriteItem => { type => 'reset', when => 'before' }, %always, probability => 0.1, seed => 35),
	rule(BatchWriteItem => { type => 'reset', when => 'after' }, %always, probability => 0.1, seed => 36),
	rule(BatchWriteItem => { type => 'truncate', bytes => 20 }, %always, probability => 0.1, seed => 37),
	rule(BatchWriteItem => { type => 'bad_crc' }, %always, probability => 0.1, seed => 38));

# ---- what stops the job -----------------------------------------------------------------------

# A job held up in loading, a change, and the job fails soon, with code and hint.
sub stops
{
	my ($name, $server, $change, %expected) = @_;
	my $table = unique('dynamodb-faults');
	faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, %always, nth => 11));
	my $id = export_job($node, $query, $table, key => q('{id}'), server => "'$server'", workers => 1);
	ok(wait_until(\&fired), "$name: a job is held up");
	ok(wait_for($node, "SELECT sum(checkpoint) > 0 FROM rs2ddb.file WHERE job_id = $id"), "$name: after some rows");
	$change->($table);
	clear_faults();
	is($sql->("SELECT state FROM rs2ddb_wait($id, '30 s')"), 'failed', "$name: the job stops soon");
	my $job = job_row($node, $id);
	like($job->{$_} // '(null)', $expected{$_}, "$name: $_") for sort keys %expected;
	cmp_ok(scalar(stage_files($job)), '>', 0, "$name: the files are kept");
	return ($id, $table);
}

sub resumes
{
	my ($name, $id, $table) = @_;
	$sql->("SELECT rs2ddb_resume($id)");
	my $job = wait_job($node, $id);
	arrived("$name, mended", $job, $table);
	is($job->{attempt}, 1, "$name, mended: no second UNLOAD was run");
}

my $secret = 'Secret/Of+These=Tests';
my %key = (access_key_id => 'AKIADYNAMODBFAULTS', secret_access_key => $secret);
credentials(%key);
create_warehouse($node, 'denied', {}, { map { ("aws_$_" => $key{$_}) } keys %key });
my ($id, $table) = stops('permission is taken away', 'denied', sub { credentials(%key, deny => ['dynamodb:BatchWriteItem']) },
	error_code => qr/^AccessDeniedException$/, error_hint => qr/dynamodb:BatchWriteItem/, error_request_id => qr/^\w{20,}$/);
credentials(%key);
resumes('permission is taken away', $id, $table);

($id, $table) = stops('the table is deleted', 'warehouse', sub { dynamodb('drop', $_[0]) },
	error_code => qr/^ResourceNotFoundException$/, error_message => qr/BatchWriteItem/);
$sql->("SELECT rs2ddb_resume($id)");
my $job = wait_job($node, $id);
is($job->{state}, 'succeeded', 'the table is deleted: the job that created it creates it again') or diag($job->{error_message});
arrived('the table is deleted', $job, $table);

($id, $table) = stops('the table is deleted, another is made by its name', 'warehouse', sub { dynamodb('drop', $_[0]) },
	error_code => qr/^ResourceNotFoundException$/);
dynamodb('create', qq({"TableName": "$table", "BillingMode": "PAY_PER_REQUEST",
  "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}));
resumes('the table is deleted, another is made by its name', $id, $table);

# ---- loaders that cannot begin ----------------------------------------------------------------

$table = unique('dynamodb-faults');
dynamodb('create', qq({"TableName": "$table", "BillingMode": "PAY_PER_REQUEST",
  "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}));
gateway(rows_per_file => 15);
faults(rule(DescribeTable => { type => 'error', status => 400, code => 'AccessDeniedException', message => 'not authorized' }, %always, nth => 2));
$job = export_and_wait($node, $query, $table);
is($job->{state}, 'failed', 'no loader can begin: the job fails');
is($job->{error_code}, 'AccessDeniedException', 'no loader can begin: it says why');
is($sql->("SELECT count(*) FROM rs2ddb.file WHERE job_id = $job->{job_id} AND state = 'pending'"), '100', 'no loader can begin: no file was tried');
cmp_ok(fired(), '<=', 10, 'no loader can begin: a few tried, however many files there are');
gateway(rows_per_file => 300);
clear_faults();
resumes('no loader can begin', $job->{job_id}, $table);

# ---- nothing but rejects ----------------------------------------------------------------------

sub stops_early
{
	my ($name, $query, $args, %expected) = @_;
	my $table = unique('dynamodb-faults');
	my $job = export_and_wait($node, $query, $table, workers => 1, %$args);
	is($job->{state}, 'failed', "$name: the job fails");
	is($job->{items_written}, 0, "$name: nothing is written");
	is($sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $job->{job_id}"), '1000', "$name: after a thousand rows");
	like($job->{$_} // '(null)', $expected{$_}, "$name: $_") for sort keys %expected;
	return ($job->{job_id}, $table);
}

stops_early('no row has a key', 'SELECT nothing, name FROM dynamodb_faults', { key => q('{nothing}') },
	error_message => qr/^each of the first 1000 rows was rejected: .*"nothing"/, error_hint => qr/rs2ddb\.reject.*max_rejects/);
faults(rule(BatchWriteItem => { type => 'error', status => 400, code => 'ValidationException', message => 'One or more parameter values were invalid' }, %always));
($id, $table) = stops_early('DynamoDB refuses each row', $query, { key => q('{id}') },
	error_message => qr/^each of the first 1000 rows was rejected: .*BatchWriteItem/, error_code => qr/^ValidationException$/,
	error_detail => qr/parameter values were invalid/);
clear_faults();
resumes('DynamoDB refuses each row', $id, $table);
is($sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $id"), '0', 'DynamoDB refuses each row, mended: no reject is left');
$job = export_and_wait($node, 'SELECT nothing, name FROM dynamodb_faults', unique('dynamodb-faults'), key => q('{nothing}'), max_rejects => 1500);
is($job->{state}, 'succeeded', 'as many rejects as are tolerated do not stop it');
is($job->{rows_rejected}, 1500, 'all of them are counted');
ok(ledger_balances($node, $job->{job_id}), 'and the ledger balances');

reset_stand_ins();
$node->stop;
done_testing();
