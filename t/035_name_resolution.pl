# Name servers that do not answer: a job waits no longer than connect_timeout for the warehouse's
# address, a cancel and a shutdown do not wait at all. And names that lead to the cloud's metadata service.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Rs2ddb;
use Rs2ddb::Faults;

my $library = PostgreSQL::Test::Utils::tempdir() . '/slow_resolver.so';
system_or_bail($ENV{CC} // 'cc', '-shared', '-fPIC', '-o', $library, 't/lib/slow_resolver.c', '-ldl');

reset_stand_ins();
my $node = do {
	local $ENV{LD_PRELOAD} = $library;
	new_node('name_resolution');
};
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
create_warehouse($node, 'patient', { host => 'slow.example', connect_timeout => '600' });
create_warehouse($node, 'hurried', { host => 'slow.example', connect_timeout => '1' });
create_warehouse($node, 'by_name', { host => 'localhost' });

my $job = export_and_wait($node, 'SELECT 1 AS id', unique('resolve'), key => q('{id}'), server => q('hurried'));
is($job->{state}, 'failed', 'the name server does not answer: the job fails after connect_timeout');
like($job->{error_message}, qr/^could not connect to warehouse at slow\.example/, 'the error names the host');
like($job->{error_detail}, qr/no name server told the address of "slow\.example" within 1 s/, 'and says what did not answer');

$job = export_and_wait($node, 'SELECT 1 AS id', unique('resolve'), key => q('{id}'), server => q('by_name'));
is($job->{state}, 'succeeded', 'a host that has a name, and several addresses, is reached') or diag("$job->{error_message}: $job->{error_detail}");

# Several hosts with commas between them, as libpq takes them.
create_warehouse($node, 'several', { host => 'no-such-host.invalid,localhost,127.0.0.1' });
$job = export_and_wait($node, 'SELECT 1 AS id', unique('resolve'), key => q('{id}'), server => q('several'));
is($job->{state}, 'succeeded', 'one of several hosts is reached') or diag("$job->{error_message}: $job->{error_detail}");
create_warehouse($node, 'none_of_them', { host => 'no-such-host.invalid,slow.example', connect_timeout => '1' });
$job = export_and_wait($node, 'SELECT 1 AS id', unique('resolve'), key => q('{id}'), server => q('none_of_them'));
like($job->{error_detail}, qr/no name server told the address of "slow\.example" within 1 s/, 'none of several: the job fails, and says why');
create_warehouse($node, 'two_patient', { host => '127.0.0.2,slow.example', connect_timeout => '600' });

# A host name is checked by what it leads to: nothing is sent to a link-local address.
for my $case (
	[ 'a warehouse', { host => 'metadata.example' }, qr/could not connect to warehouse at metadata\.example.*link-local address/s ],
	[ 'a warehouse, by an IPv4-mapped address', { host => 'mapped.example' }, qr/could not connect to warehouse at mapped\.example.*link-local address/s ],
	[ 'one of several warehouses', { host => '127.0.0.1,metadata.example' }, qr/link-local address/ ],
	[ 'an endpoint of DynamoDB', { dynamodb_endpoint => 'http://metadata.example' }, qr/link-local address/ ],
	[ 'an endpoint of S3', { s3_endpoint => 'http://mapped.example:80' }, qr/link-local address/ ])
{
	my ($what, $options, $error) = @$case;
	my $server = unique('metadata') =~ tr/-/_/r;
	create_warehouse($node, $server, $options);
	$job = export_and_wait($node, 'SELECT 1 AS id', unique('resolve'), key => q('{id}'), server => "'$server'");
	is($job->{state}, 'failed', "the name of $what leads to the metadata service: the job fails");
	like(join("\n", map { $job->{$_} // '' } qw(error_message error_detail)), $error, 'and says why');
}

create_warehouse($node, 'lost_dynamodb', { dynamodb_endpoint => 'http://slow.example:8000' });
my ($id, $begun);
for my $case ([ 'the warehouse', 'patient' ], [ 'one of several warehouses', 'two_patient' ], [ 'DynamoDB', 'lost_dynamodb' ])
{
	my ($whose, $server) = @$case;
	$id = export_job($node, 'SELECT 1 AS id', unique('resolve'), key => q('{id}'), server => "'$server'");
	ok(wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $id", 'preparing'), "a job waits for the address of $whose");
	is($sql->("SELECT state FROM rs2ddb_wait($id, '2 s')"), 'preparing', 'and goes on to wait');
	$begun = time;
	$sql->("SELECT rs2ddb_cancel($id)");
	is($sql->("SELECT state FROM rs2ddb_wait($id, '30 s')"), 'canceled', 'it is canceled while the name server is silent');
	note(sprintf 'settled after %.1f s', time - $begun);
	ok(wait_for($node, no_workers()), 'its worker is gone');
}

for my $server (qw(patient lost_dynamodb))
{
	$id = export_job($node, 'SELECT 1 AS id', unique('resolve'), key => q('{id}'), server => "'$server'");
	ok(wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $id", 'preparing'), 'another job waits for an address');
}
$begun = time;
$node->stop('fast');
note(sprintf 'stopped after %.1f s', time - $begun);
pass('a fast shutdown does not wait for it');
done_testing();
