# Neither the manifest nor the warehouse tells how many rows an UNLOAD has written: that stays unknown, every file is
# loaded to its end, and what was unloaded is not unloaded again.
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
DROP TABLE IF EXISTS public.uncounted;
CREATE TABLE public.uncounted AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 400) AS i;
SQL
my $query = 'SELECT * FROM uncounted';
my %key = (key => q('{id}'));
my $node = new_node('unknown_count');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };

sub verified
{
	my ($table, $name) = @_;
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, $name) or diag($said);
}

gateway(row_counts => 'withheld', rows_per_file => 100);
my $table = unique('uncounted');
my $job = export_and_wait($node, $query, $table, %key);
is($job->{state}, 'succeeded', 'a job succeeds whose rows nobody counted') or diag($job->{error_message});
is($job->{rows_unloaded}, undef, 'what is not known is not a number');
is($job->{items_written}, 400, 'all rows are written');
isnt($job->{unload_finished_at}, undef, 'the UNLOAD is known to have finished');
verified($table, 'and each of them has arrived');
is($sql->("SELECT message FROM rs2ddb.event WHERE job_id = $job->{job_id} AND state = 'succeeded'"),
	'neither the manifest nor the warehouse told how many rows there are: every file was read to its verified end',
	'the event says what the ledger rests on');
is($sql->("SELECT percent FROM rs2ddb.progress WHERE job_id = $job->{job_id}"), '100.0', 'its progress ends at 100 percent');

faults(rule(BatchWriteItem => { type => 'error', status => 400, code => 'AccessDeniedException' }, times => undef));
$table = unique('uncounted');
$job = export_and_wait($node, $query, $table, %key);
is($job->{state}, 'failed', 'a job fails while it loads');
clear_faults();
my $unloads = unloads();
$sql->("SELECT rs2ddb_resume($job->{job_id})");
$job = wait_job($node, $job->{job_id});
is($job->{state}, 'succeeded', 'it is resumed');
is(unloads(), $unloads, 'without another UNLOAD: an unknown count does not mean that there was none');
verified($table, 'and every row has arrived');

faults(rule(GetObject => { type => 'edit', pattern => '[\\s\\S]{20}$', replacement => '' }, times => undef, path => 'part_'));
$job = export_and_wait($node, $query, unique('uncounted'), %key);
is($job->{state}, 'failed', 'a file that ends too early does not pass for a whole one');
clear_faults();

$job = export_and_wait($node, "$query WHERE id < 0", unique('uncounted'), %key);
is($job->{state}, 'failed', 'without a manifest, rows that nobody counted are not taken for none');
like($job->{error_message}, qr/^UNLOAD left no manifest at /, 'the message says what is missing');
is($job->{error_detail}, 'The warehouse did not tell how many rows there are.', 'and why that matters');

gateway(manifest_on_zero_rows => JSON::PP::true);
$job = export_and_wait($node, "$query WHERE id < 0", unique('uncounted'), %key);
is("$job->{state} $job->{items_written}", 'succeeded 0', 'an empty manifest is no rows');

done_testing();
