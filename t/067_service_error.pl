# Rows that DynamoDB always answers with an error of its own: they are found and rejected one by one, all other
# rows of their batches are written, and when the service has recovered a resume writes them, too.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.service_error;
CREATE TABLE public.service_error AS
  SELECT i AS n, (CASE WHEN i IN (7, 8, 480) THEN 'cursed-' ELSE 'item-' END || i)::varchar(20) AS pk, md5(i::text)::varchar(40) AS name
  FROM generate_series(1, 600) AS i;
SQL
my $node = new_node('service_error');
create_warehouse($node, 'hasty', { service_error_patience => '1' });
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my %cursed = (times => undef, key_prefix => 'cursed-');
my $words = 'the request processing has failed';
gateway(rows_per_file => 300);

# ---- rows that are found ----------------------------------------------------------------------

my $query = 'SELECT * FROM service_error ORDER BY n';
my $table = unique('service-error');
faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError', message => $words }, %cursed));
my $job = export_and_wait($node, $query, $table, key => q('{pk}'), server => q('hasty'));
my $id = $job->{job_id};
is($job->{state}, 'failed', 'rows are rejected, none is tolerated: the job fails when all others are written');
like($job->{error_message}, qr/^3 rows were rejected/, 'it says how many');
like($job->{error_detail}, qr/\Q$words\E.*cursed-/, 'and names the first one, with the words of the service');
is($sql->("SELECT string_agg(concat(key, ' ', code), ', ' ORDER BY key) FROM rs2ddb.reject WHERE job_id = $id"),
	join(', ', map { qq({"pk":"cursed-$_"} service_error) } 480, 7, 8), 'exactly they are rejected');
is($sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $id AND reason ~ '^InternalServerError: $words \\(request id \\w{20,}\\)\$'"), 3,
	'each with code, words and request id of the service');
ok(ledger_balances($node, $id), 'the ledger balances');
my ($equal, $said) = verify_table("SELECT * FROM service_error WHERE pk LIKE 'item-%'", $table, 'pk');
ok($equal, 'all other rows are written') or diag($said);

clear_faults();
$sql->("SELECT rs2ddb_resume($id)");
$job = wait_job($node, $id);
is($job->{state}, 'succeeded', 'the service has recovered: a resume ends well') or diag($job->{error_message});
is($sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $id"), 0, 'no reject is left');
is($job->{attempt}, 1, 'no second UNLOAD was run');
($equal, $said) = verify_table($query, $table, 'pk');
ok($equal, 'every row has arrived') or diag($said);

# ---- one batch, an error without a code -------------------------------------------------------

$table = unique('service-error');
faults(rule(BatchWriteItem => { type => 'error', status => 502, body => '<html>bad gateway</html>' }, %cursed));
$job = export_and_wait($node, 'SELECT * FROM service_error WHERE n <= 20', $table, key => q('{pk}'), server => q('hasty'), max_rejects => 2);
is($job->{state}, 'succeeded', 'nothing but one batch: the job succeeds, two rejects are tolerated') or diag($job->{error_message});
is($job->{items_written}, 18, 'the others of the batch are written');
is($sql->("SELECT string_agg(concat(key, ' ', code), ', ' ORDER BY key) FROM rs2ddb.reject WHERE job_id = $job->{job_id} AND reason ~ 'HTTP status 502'"),
	join(', ', map { qq({"pk":"cursed-$_"} service_error) } 7, 8), 'exactly the two are rejected');
ok(ledger_balances($node, $job->{job_id}), 'the ledger balances');
clear_faults();

# ---- a row on which DynamoDB Local itself fails -----------------------------------------------

$table = unique('service-error');
$query = q{SELECT n, (CASE WHEN n = 5 THEN '{"' || repeat('x', 60000) || '": 1}' ELSE '{"a": 1}' END)::super AS v FROM service_error WHERE n <= 60};
$job = export_and_wait($node, $query, $table, key => q('{n}'), server => q('hasty'), max_rejects => 1);
is($job->{state}, 'succeeded', 'an attribute name of 60,000 bytes: the job succeeds, one reject is tolerated') or diag($job->{error_message});
is($sql->("SELECT string_agg(concat(key, ' ', code), ', ') FROM rs2ddb.reject WHERE job_id = $job->{job_id}"),
	'{"n":5} service_error', 'an attribute name of 60,000 bytes: its row is rejected');
is($job->{items_written}, 59, 'an attribute name of 60,000 bytes: all others are written');

# ---- the option -------------------------------------------------------------------------------

for my $bad ('0', '3601', 'long')
{
	my ($status, undef, $error) = $node->psql('postgres', "ALTER SERVER hasty OPTIONS (SET service_error_patience '$bad')");
	like($error, qr/invalid value for option "service_error_patience": "$bad".*1 to 3600 seconds/s, "service_error_patience '$bad' is refused");
}

reset_stand_ins();
done_testing();
