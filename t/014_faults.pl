# What the network and the services do on bad days: the job succeeds all the same, every row has
# arrived, the ledger balances. What cannot be mended by trying again fails with the object's name.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.faults;
CREATE TABLE public.faults AS
  SELECT i AS id, md5(i::text)::varchar(40) AS name, (i * 1.5)::decimal(20, 4) AS price, repeat(md5((i * 7)::text), 3)::varchar(200) AS notes
  FROM generate_series(1, 2000) AS i;
SQL
gateway(rows_per_file => 300);
my $node = new_node('faults');
my $query = 'SELECT * FROM faults';
my %key = (key => q('{id}'));

sub arrived
{
	my ($name, $job, $query, $table) = @_;
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag("$job->{error_message}\n$job->{error_detail}");
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	is($job->{rows_rejected}, 0, "$name: nothing is rejected");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

# How often the rules of the last export have fired.
my $fired;

# One export under fault rules.
sub survives
{
	my ($name, @rules) = @_;
	my $table = unique('faults');
	faults(@rules);
	my $job = export_and_wait($node, $query, $table, %key);
	$fired = fired();
	ok(all_fired(), "$name: it happened");
	clear_faults();
	arrived($name, $job, $query, $table);
	return $job;
}

# The same for writes whose outcome is not known: each of them must be sent a second time, also when the
# first was applied and nobody could tell by the items.
sub survives_and_sends_again
{
	my ($name, @rules) = @_;
	my $writes = sub { counters()->{requests}{dynamodb}{BatchWriteItem} // 0 };
	my $before = $writes->();
	survives($name, @rules);
	cmp_ok($writes->() - $before, '>=', 2000 / 25 + $fired, "$name: each write that it hit was sent again");
}

my %always = (times => undef);
my $of_three = sub { my ($seed) = @_; (times => undef, probability => 1 / 3, seed => $seed) };

# ---- DynamoDB ---------------------------------------------------------------------------------

survives('writes that come back unprocessed',
	rule(BatchWriteItem => { type => 'unprocessed', count => 9 }, times => 12, probability => 0.5, seed => 1));
survives_and_sends_again('status 500 and 503',
	rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => 8, nth => 2),
	rule(BatchWriteItem => { type => 'error', status => 503, code => 'ServiceUnavailable' }, times => 8, nth => 20));
survives('throttled calls',
	rule(BatchWriteItem => { type => 'error', status => 400, code => 'ProvisionedThroughputExceededException' }, times => 3, nth => 5),
	rule(BatchWriteItem => { type => 'error', status => 400, code => 'ThrottlingException' }, times => 2, nth => 30));
survives_and_sends_again('an error that is no JSON, as a proxy sends it',
	rule(BatchWriteItem => { type => 'error', status => 502, body => '<html>Bad Gateway</html>' }, times => 5));
survives_and_sends_again('connections reset before the request was applied',
	rule(BatchWriteItem => { type => 'reset', when => 'before' }, $of_three->(2)));
survives_and_sends_again('connections reset after the request was applied',
	rule(BatchWriteItem => { type => 'reset', when => 'after' }, $of_three->(3)));
survives_and_sends_again('replies cut short', rule(BatchWriteItem => { type => 'truncate', bytes => 10 }, $of_three->(4)));
survives_and_sends_again('replies whose CRC is wrong', rule(BatchWriteItem => { type => 'bad_crc' }, $of_three->(5)));
survives_and_sends_again('replies that are damaged', rule(BatchWriteItem => { type => 'corrupt', offset => 3 }, $of_three->(6)));
survives('slow replies', rule(BatchWriteItem => { type => 'delay', ms => 700 }, $of_three->(7)));
survives('failures of the calls before the first write',
	rule(DescribeTable => { type => 'error', status => 500, code => 'InternalServerError' }, times => 2),
	rule(DescribeTable => { type => 'reset' }, nth => 3),
	rule(CreateTable => { type => 'error', status => 503, code => 'ServiceUnavailable' }));

for my $skew_s (600, 1200, -1200)
{
	survives("a clock that is $skew_s s off", map {
		{ service => $_, match => {}, times => undef, action => { type => 'clock_skew', seconds => $skew_s } }
	} 's3', 'dynamodb');
}

{
	my $throttled = 'SELECT * FROM faults WHERE id <= 800';
	my $table = unique('faults');
	throttle(table => $table, units_per_s => 200);
	my $job = export_and_wait($node, $throttled, $table, %key);
	throttle(table => $table, units_per_s => 1e6);
	arrived('a table that takes 200 units/s', $job, $throttled, $table);
	cmp_ok($node->safe_psql('postgres', "SELECT sum(writes_throttled) FROM rs2ddb.file WHERE job_id = $job->{job_id}"),
		'>', 0, 'the job saw the throttle');
	is($job->{write_units}, 800, 'and counts the units that were consumed, not those that were tried');
}

# ---- S3 ---------------------------------------------------------------------------------------

my %data_file = (path => '_part_');
survives('files cut in mid-transfer, several times', rule(GetObject => { type => 'truncate', bytes => 900 }, times => 12, %data_file));
survives('S3 asks to slow down',
	rule(GetObject => { type => 'error', status => 503, code => 'SlowDown' }, times => 6, %data_file),
	rule(GetObject => { type => 'error', status => 500, code => 'InternalError' }, times => 2, nth => 9, %data_file));
survives('connections to S3 reset', rule(GetObject => { type => 'reset' }, times => 6, %data_file));
survives('a manifest cut short', rule(GetObject => { type => 'truncate', bytes => 50 }, path => 'manifest$'));
survives('a manifest that is slow to come', rule(GetObject => { type => 'error', status => 503, code => 'SlowDown' }, times => 2, path => 'manifest$'));
my $job = survives('staging files that may not be deleted', rule(DeleteObjects => { type => 'error', status => 403, code => 'AccessDenied' }, %always));
cmp_ok(scalar(stage_files($job)), '>', 0, 'they stay, and the job succeeds all the same');

# ---- what another try does not mend -----------------------------------------------------------

# Faults of one file: the job fails with its name, the other files are loaded; mended, it resumes.
sub one_file_fails
{
	my ($name, $server, $rules, %expected) = @_;
	my $table = unique('faults');
	faults(@$rules);
	my $job = export_and_wait($node, $query, $table, %key, server => "'$server'");
	cmp_ok(fired(), '>', 0, "$name: it happened");
	clear_faults();
	is($job->{state}, 'failed', "$name: the job fails");
	my $failed = $node->safe_psql('postgres', "SELECT url FROM rs2ddb.file WHERE job_id = $job->{job_id} AND state = 'failed'");
	like($failed, qr{^s3://\S+_part_\S+$}, "$name: one file failed");
	like($job->{error_message}, qr/\Q$failed\E/, "$name: the error names it");
	like($job->{$_} // '(null)', $expected{$_}, "$name: $_") for sort keys %expected;
	is($node->safe_psql('postgres', "SELECT DISTINCT state FROM rs2ddb.file WHERE job_id = $job->{job_id} AND url <> '$failed'"),
		'done', "$name: the other files are loaded");
	cmp_ok(scalar(stage_files($job)), '>', 0, "$name: the files are kept");

	$node->safe_psql('postgres', "SELECT rs2ddb_resume($job->{job_id})");
	$job = wait_job($node, $job->{job_id});
	arrived("$name, mended", $job, $query, $table);
	is($job->{attempt}, 1, "$name: no second UNLOAD was run");
	is($node->safe_psql('postgres', "SELECT count(*) FROM rs2ddb.reject WHERE job_id = $job->{job_id}"), '0', "$name: no reject is left");
	is(scalar(stage_files($job)), 0, "$name: the files are deleted");
}

create_warehouse($node, 'in_gzip', { compression => 'gzip' });
my $damage = sub { map { rule(GetObject => { type => 'corrupt', offset => $_ }, %data_file) } @_ };
one_file_fails('an object that is missing', 'warehouse',
	[ rule(GetObject => { type => 'error', status => 404, code => 'NoSuchKey' }, %data_file) ],
	error_message => qr/does not exist/, error_code => qr/^NoSuchKey$/, error_request_id => qr/\w/);
one_file_fails('an object longer than the manifest says', 'warehouse', [ rule(GetObject => { type => 'wrong_length', delta => 5 }, %data_file) ],
	error_message => qr/\d+ bytes long, the manifest says \d+/, error_sqlstate => qr/^22/);
one_file_fails('a damaged zstd file', 'warehouse', [ $damage->(200 .. 230) ], error_sqlstate => qr/^22/, error_message => qr/at byte \d+/);
one_file_fails('a zstd file that does not begin as one', 'warehouse', [ $damage->(0) ], error_sqlstate => qr/^22/);
one_file_fails('a damaged gzip file', 'in_gzip', [ $damage->(700) ], error_sqlstate => qr/^22/, error_message => qr/at byte \d+/);

reset_stand_ins();
$node->stop;
done_testing();
