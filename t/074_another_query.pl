# A job whose table and whose query are other ones when it is resumed: the files of its first UNLOAD have the columns in
# another order. None of them may be loaded by the new plan.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
sub make_source
{
	my ($first, $second) = @_;
	warehouse("DROP TABLE IF EXISTS public.another_query;
		CREATE TABLE public.another_query AS SELECT i AS id, ('$first' || i)::varchar(40) AS $first, ('$second' || i)::varchar(40) AS $second
		FROM generate_series(1, 600) AS i");
}

my $node = new_node('another_query');
my $query = 'SELECT * FROM another_query';
my $table = unique('another-query');
make_source('a', 'b');
faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef, nth => 6));
my $job = export_job($node, $query, $table, key => q('{id}'), workers => 1);
ok(wait_until(\&fired), 'a job loads, and is held up');
dynamodb('drop', $table);
clear_faults();
is(wait_job($node, $job)->{state}, 'failed', 'its table is gone: it fails, and its files stay');

make_source('b', 'a');
my $unloads = unloads();
$node->safe_psql('postgres', "SELECT rs2ddb_resume($job)");
my $row = wait_job($node, $job);
is($row->{state}, 'succeeded', 'resumed with other columns, it succeeds') or diag($row->{error_message});
is(unloads(), $unloads + 1, 'with another UNLOAD');
my ($equal, $said) = verify_table($query, $table, 'id');
ok($equal, 'every value is in its attribute') or diag($said);
is($node->safe_psql('postgres', 'SELECT count(*) FROM rs2ddb.leftover'), '0', 'nothing is left of the first');

done_testing();
