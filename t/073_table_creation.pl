# A table that is missing is created once the warehouse has finished the statement: a job that fails before leaves no
# table behind, whose key would block the corrected call. Mode delete never creates one.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use JSON::PP;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.creating;
CREATE TABLE public.creating AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 200) AS i;
SQL
my $query = 'SELECT * FROM creating';
my $node = new_node('table_creation');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
create_warehouse($node, 'mistyped', { stage => 's3://no-such-bucket-of-anybody/rs2ddb/' });

sub exists_not
{
	my ($table, $name) = @_;
	my %tables = map { ($_->{name} // $_) => 1 } @{ dynamodb('tables') };
	ok(!$tables{$table}, $name);
}

sub verified
{
	my ($table, $name) = @_;
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, $name) or diag($said);
}

my $table = unique('creating');
my $job = export_and_wait($node, $query, $table, key => q('{id}'), mode => q('delete'));
is("$job->{state} $job->{error_sqlstate}", 'failed 42P01', 'mode delete wants a table that exists');
is($job->{error_message}, qq(DynamoDB table "$table" does not exist), 'the message names it');
like($job->{error_hint}, qr/^Mode 'delete' deletes items of a table that exists/, 'the hint does not offer to create it');
exists_not($table, 'and none is created');

$job = export_and_wait($node, $query, $table, key => q('{name}'), server => q('mistyped'));
is("$job->{state} $job->{error_code}", 'failed NoSuchBucket', 'an UNLOAD into a mistyped bucket fails');
exists_not($table, 'no table is left');
gateway(unload_error => { sqlstate => 'XX000', message => 'injected' });
is(export_and_wait($node, $query, $table, key => q('{name}'))->{state}, 'failed', 'an UNLOAD is refused');
gateway(unload_error => undef);
exists_not($table, 'no table is left');
$job = export_and_wait($node, $query, $table, key => q('{id}'));
is("$job->{state} $job->{table_created}", 'succeeded 1', 'the corrected call creates it, with another key');
verified($table, 'and every row arrives');

# ---- between UNLOAD and creation --------------------------------------------------------------

my @no_table = (rule(CreateTable => { type => 'error', status => 400, code => 'AccessDeniedException' }, times => undef));
faults(@no_table);
$table = unique('creating');
$job = export_and_wait($node, $query, $table, key => q('{id}'));
is($job->{state}, 'failed', 'the table cannot be created');
is($job->{table_created}, JSON::PP::false, 'so it was not');
isnt($job->{unload_finished_at}, undef, 'the UNLOAD had finished');
clear_faults();
my $unloads = unloads();
$sql->("SELECT rs2ddb_resume($job->{job_id})");
$job = wait_job($node, $job->{job_id});
is("$job->{state} $job->{table_created}", 'succeeded 1', 'the next leader creates it');
is(unloads(), $unloads, 'without another UNLOAD');
verified($table, 'and every row arrives');

my $create = sub {
	my ($name, $key, $type) = @_;
	dynamodb('create', qq({"TableName": "$name", "BillingMode": "PAY_PER_REQUEST",
	  "AttributeDefinitions": [{"AttributeName": "$key", "AttributeType": "$type"}], "KeySchema": [{"AttributeName": "$key", "KeyType": "HASH"}]}));
};
for my $case ([ 'id', 'N', 'succeeded' ], [ 'name', 'S', 'failed' ])
{
	my ($key, $type, $state) = @$case;
	$table = unique('creating');
	gateway(unload_hold => JSON::PP::true);
	my $id = export_job($node, $query, $table, key => q('{id}'));
	ok(wait_for($node, "SELECT state = 'unloading' FROM rs2ddb.job WHERE job_id = $id"), 'a job unloads');
	$create->($table, $key, $type);
	gateway(unload_hold => JSON::PP::false);
	$job = wait_job($node, $id);
	is($job->{state}, $state, "a table with the key $key that appears meanwhile: $state");
	verified($table, 'with every row') if $state eq 'succeeded';
	is($job->{error_message}, qq(table "$table" was created meanwhile with another key), 'and why') if $state eq 'failed';
}

$job = export_and_wait($node, "$query WHERE id < 0", unique('creating'), key => q('{id}'));
is("$job->{state} $job->{table_created}", 'succeeded 1', 'a result without a row creates its table, too');

done_testing();
