# DynamoDB throttles: the job slows down, counts throttles, and finishes, and no item is counted twice.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.throttles;
CREATE TABLE public.throttles AS
  SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 1500) AS i;
SQL
my $node = new_node('throttles');
create_warehouse($node, 'hurried', { request_timeout => '2' });
my $query = 'SELECT * FROM throttles';
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
	my $table = unique('throttles');
	faults(@rules);
	my $job = export_and_wait($node, $query, $table, key => q('{id}'), server => q('hurried'));
	ok(all_fired(), "$name: it happened");
	clear_faults();
	arrived($name, $job, $table);
	return $job;
}
my $throttled = sub { $sql->("SELECT sum(writes_throttled) FROM rs2ddb.file WHERE job_id = $_[0]->{job_id}") };

my $job = survives('a throttle storm', rule(BatchWriteItem => { type => 'error', status => 400, code => 'ThrottlingException' },
		%always, probability => 0.6, seed => 21));
cmp_ok($throttled->($job), '>', 0, 'a throttle storm: the job counts throttles');
survives('UnprocessedItems on every call', rule(BatchWriteItem => { type => 'unprocessed', count => 12, spare => 1 }, %always));
for my $case (
	[ table => 'TableWriteProvisionedThroughputExceeded', 'ProvisionedThroughputExceededException', 'ThrottlingReasons' ],
	[ partition => 'TableWriteKeyRangeThroughputExceeded', 'ThrottlingException', 'throttlingReasons' ],
	[ index => 'IndexWriteProvisionedThroughputExceeded', 'ThrottlingException', 'throttlingReasons' ])
{
	my ($what, $reason, $code, $field) = @$case;
	my $resource = 'arn:aws:dynamodb:us-east-1:123456789012:table/t' . ($what eq 'index' ? '/index/by-name' : '');
	$job = survives("throttles for the sake of a $what", rule(BatchWriteItem => { type => 'error', status => 400, code => $code,
			message => 'Throughput exceeds the current capacity.', fields => { $field => [ { reason => $reason, resource => $resource } ] } },
		times => 15, probability => 0.5, seed => 22));
	cmp_ok($throttled->($job), '>', 0, "throttles for the sake of a $what: the job counts them");
}

reset_stand_ins();
$node->stop;
done_testing();
