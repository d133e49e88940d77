# A part of DynamoDB fails while the rest takes writes: no more than a hundred rows of a job are rejected for it,
# over all of its loaders and resumes. Then the job fails with the words of the service, and goes on afterwards.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.partition_outage;
CREATE TABLE public.partition_outage AS
  SELECT i AS n, (CASE WHEN md5(i::text) < '2' THEN 'lost-' ELSE 'item-' END || i)::varchar(20) AS pk FROM generate_series(1, 1200) AS i;
SQL
my $node = new_node('partition_outage');
create_warehouse($node, 'hasty', { service_error_patience => '1' });
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $query = 'SELECT * FROM partition_outage';
my $table = unique('partition-outage');
gateway(rows_per_file => 400);
my $most = warehouse("SELECT count(*) FROM partition_outage WHERE pk LIKE 'lost-%'");
cmp_ok($most, '>', 100, "$most rows are in the part that is lost");

sub fails
{
	my ($name, $job) = @_;
	my $id = $job->{job_id};
	is($job->{state}, 'failed', "$name: the job fails");
	is($job->{error_code}, 'InternalServerError', "$name: with the code of the service");
	like($job->{error_request_id} // '', qr/^\w{20,}$/, "$name: its request id");
	like($job->{error_message}, qr/BatchWriteItem: InternalServerError/, "$name: as any outage");
	is($job->{error_detail}, 'the partition is gone', "$name: its words");
	like($job->{error_hint}, qr/More than 100 rows.*rs2ddb_resume/, "$name: and a hint");
	cmp_ok($sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $id"), '<=', 100, "$name: no more than 100 rejects are stored");
	cmp_ok($sql->("SELECT count(*) FROM rs2ddb.file WHERE job_id = $id AND state <> 'done'"), '>', 0, "$name: files are left to go on with");
	cmp_ok(scalar(stage_files($job)), '>', 0, "$name: on the stage, too");
}

# Some 50 of them in each of three files, which three loaders load: none of the loaders meets a hundred.
faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError', message => 'the partition is gone' },
	times => undef, key_prefix => 'lost-'));
my $job = export_and_wait($node, $query, $table, key => q('{pk}'), server => q('hasty'), max_rejects => 1000);
fails('three loaders', $job);
my $id = $job->{job_id};

$sql->("SELECT rs2ddb_resume($id)");
fails('resumed while it lasts', wait_job($node, $id));

clear_faults();
$sql->("SELECT rs2ddb_resume($id)");
$job = wait_job($node, $id);
is($job->{state}, 'succeeded', 'it is over: a resume ends well') or diag($job->{error_message});
is($job->{attempt}, 1, 'no second UNLOAD was run');
ok(ledger_balances($node, $id), 'the ledger balances');
my ($equal, $said) = verify_table($query, $table, 'pk');
ok($equal, 'every row has arrived') or diag($said);
is($sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $id"), 0, 'no reject is left');

reset_stand_ins();
done_testing();
