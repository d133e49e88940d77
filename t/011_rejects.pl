# Rows that DynamoDB cannot take become rejects, each with key and reason, and everything else of
# their batch is written; rows with equal keys settle to the last one of the file.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
gateway(slices => 1);    # one file, in the order of the query: row n of the file is row n of the source
my $node = new_node('rejects');

# ---- every kind of bad row in one batch -------------------------------------------------------

# Row number, code of the reject (none: the row must arrive), and what is special about the row.
my $deep = sub { my ($levels) = @_; '[' x $levels . ']' x $levels };
my @rows = (
	[ undef, {} ],
	[ 'key_null', { pk => 'NULL' } ],
	[ 'key_null', { sk => 'NULL' } ],
	[ 'key_empty', { pk => q('') } ],
	[ 'key_empty', { sk => q('') } ],
	[ undef, { pk => q(' '), sk => q('NULL') } ],
	[ 'number_nan', { f => q('NaN') } ],
	[ 'number_nan', { f => q('Infinity') } ],
	[ 'number_nan', { f => q('-Infinity') } ],
	[ 'number_range', { f => '1.0000000000000001e126' } ],
	[ 'number_range', { f => '-1e300' } ],
	[ 'number_range', { f => '1e-200' } ],
	[ undef, { f => '1e126' } ],
	[ undef, { f => '1e-130' } ],
	[ 'item_size', { map { ("w$_" => "repeat('x', 65000)") } 1 .. 7 } ],
	[ undef, { map { ("w$_" => "repeat('y', 65000)") } 1 .. 6 } ],
	[ 'date_range', { d => q('0044-03-15 BC') } ],
	[ 'date_range', { d => q('10000-01-01') } ],
	[ 'date_range', { ts => q('294276-12-31 23:59:59') } ],
	[ undef, { d => q('0001-01-01'), ts => q('9999-12-31 23:59:59.999999') } ],
	[ 'key_size', { pk => q(repeat('é', 1024) || 'x') } ],
	[ undef, { pk => q(repeat('é', 1024)) } ],
	[ 'key_size', { sk => q(repeat('x', 1025)) } ],
	[ 'nesting', { nested => "'" . $deep->(33) . "'" } ],
	[ undef, { sk => q(repeat('x', 1024)), nested => "'" . $deep->(31) . "'" } ]);

my @columns = ('n', 'pk', 'sk', 'f', 'd', 'ts', 'nested', map { "w$_" } 1 .. 7);
sub values_of
{
	my ($n, $special) = @_;
	my %value = (n => $n, pk => "'pk-$n'", sk => "'sk-$n'", %$special);
	return '(' . join(', ', map { $value{$_} // 'NULL' } @columns) . ')';
}

warehouse('DROP TABLE IF EXISTS public.rejects; CREATE TABLE public.rejects (n integer, pk varchar(3000), sk varchar(3000),
  f float8, d date, ts timestamp, nested super, ' . join(', ', map { "w$_ varchar(65535)" } 1 .. 7) . ');
INSERT INTO public.rejects VALUES ' . join(",\n", map { values_of($_ + 1, $rows[$_][1]) } 0 .. $#rows));

my @bad = grep { $rows[$_ - 1][0] } 1 .. @rows;
my $good = 'SELECT * FROM rejects WHERE n NOT IN (' . join(', ', @bad) . ')';
my $all = 'SELECT * FROM rejects ORDER BY n';
is(scalar @rows, 25, 'the rows are one batch');

my $table = unique('rejects');
my $job = export_and_wait($node, $all, $table, key => q('{pk,sk}'));
my $id = $job->{job_id};
is($job->{state}, 'failed', 'with max_rejects 0 the job fails');
like($job->{error_message}, qr/^@{[scalar @bad]} rows were rejected, 0 are tolerated$/, 'and says how many rows were rejected');
my $first = $node->safe_psql('postgres', "SELECT reason FROM rs2ddb.reject WHERE job_id = $id ORDER BY row_number LIMIT 1");
like($job->{error_detail}, qr/^First: \Q$first\E/, 'and names the first reason');
like($job->{error_hint}, qr/rs2ddb_resume/, 'and what can be done');
ok(ledger_balances($node, $id), 'the ledger balances');
is($job->{rows_rejected}, scalar @bad, 'the bad rows are counted');
is($job->{items_written}, @rows - @bad, 'all other rows of the batch are written');
my ($equal, $said) = verify_table($good, $table, 'pk', 'sk');
ok($equal, 'every one of them arrived as it was, and nothing else') or diag($said);
cmp_ok(scalar(stage_files($job)), '>=', 2, 'the staging files are kept');

my @rejects = @{ decode_json($node->safe_psql('postgres',
		"SELECT json_agg(r ORDER BY row_number) FROM (SELECT row_number, key, code, reason, convert_from(key_bytes, 'UTF8') AS key_text,
		   octet_length(item) AS item_bytes, left(convert_from(item, 'UTF8'), 5) AS item_start FROM rs2ddb.reject WHERE job_id = $id) r")) };
is(join(' ', map { $_->{row_number} } @rejects), join(' ', @bad), 'exactly the bad rows are in rs2ddb.reject');
for my $reject (@rejects)
{
	my ($code, $special) = @{ $rows[ $reject->{row_number} - 1 ] };
	my ($column) = sort grep { !/^w[2-7]/ } keys %$special;
	subtest "row $reject->{row_number}: $code" => sub {
		is($reject->{code}, $code, 'the code');
		like($reject->{reason}, $code eq 'item_size' ? qr/\d+ bytes/ : qr/column "$column"/, 'the reason names what is wrong');
		is($reject->{key}, $reject->{key_text}, 'the key is there as text and as bytes');
		my $key = JSON::PP->new->decode($reject->{key});
		is($key->{pk}, $special->{pk} && $special->{pk} eq 'NULL' ? undef : "pk-$reject->{row_number}", 'the partition key')
		  unless $special->{pk} && $special->{pk} ne 'NULL';
		is($key->{sk}, $special->{sk} && $special->{sk} eq 'NULL' ? undef : "sk-$reject->{row_number}", 'the sort key')
		  unless $special->{sk} && $special->{sk} ne 'NULL';
		is($reject->{item_start}, '{"c0"', 'the row as it stood in the file') if length $reject->{item_start};
		cmp_ok($reject->{item_bytes}, '<=', 65536, 'of which at most 64 kB are kept');
	};
}

# ---- max_rejects ------------------------------------------------------------------------------

$table = unique('rejects');
$job = export_and_wait($node, $all, $table, key => q('{pk,sk}'), max_rejects => @bad - 1);
is($job->{state}, 'failed', 'one reject more than tolerated fails the job');
$table = unique('rejects');
$job = export_and_wait($node, $all, $table, key => q('{pk,sk}'), max_rejects => scalar @bad);
is($job->{state}, 'succeeded', 'as many rejects as tolerated do not');
is($job->{rows_rejected}, scalar @bad, 'they are counted all the same');
ok(ledger_balances($node, $job->{job_id}), 'the ledger balances');
($equal, $said) = verify_table($good, $table, 'pk', 'sk');
ok($equal, 'the good rows arrived') or diag($said);
is(scalar(stage_files($job)), 0, 'the staging files are deleted');

# ---- resume -----------------------------------------------------------------------------------

$node->safe_psql('postgres', "SELECT rs2ddb_resume($id)");
$job = wait_job($node, $id);
is($job->{state}, 'failed', 'a resume without a mended cause ends as before');
is($node->safe_psql('postgres', "SELECT string_agg(row_number::text, ' ' ORDER BY row_number) FROM rs2ddb.reject WHERE job_id = $id"),
	join(' ', @bad), 'with the same rejects');
is($job->{attempt}, 1, 'and without a second UNLOAD');
ok(ledger_balances($node, $id), 'and with a balanced ledger');

warehouse('DROP TABLE IF EXISTS public.rejects_of_dynamodb; CREATE TABLE public.rejects_of_dynamodb AS
  SELECT i AS n, (CASE WHEN i IN (7, 60, 61) THEN \'poison-\' ELSE \'item-\' END || i)::varchar(20) AS pk
  FROM generate_series(1, 90) AS i');
faults(rule(BatchWriteItem => { type => 'error', status => 400, code => 'ValidationException',
		message => 'One or more parameter values were invalid: poisoned' }, times => undef, key_prefix => 'poison-'));
my $poisoned = 'SELECT * FROM rejects_of_dynamodb ORDER BY n';
$table = unique('rejects');
$job = export_and_wait($node, $poisoned, $table, key => q('{pk}'));
$id = $job->{job_id};
is($job->{state}, 'failed', 'rows that DynamoDB itself refuses fail the job');
is($node->safe_psql('postgres', "SELECT string_agg(format('%s %s %s', row_number, key, code), ', ' ORDER BY row_number)
	FROM rs2ddb.reject WHERE job_id = $id"),
	join(', ', map { qq($_ {"pk":"poison-$_"} ValidationException) } 7, 60, 61), 'exactly they are rejected, with its code');
is($node->safe_psql('postgres', "SELECT count(*) FROM rs2ddb.reject WHERE job_id = $id AND reason LIKE '%poisoned%'"), '3', 'and its words');
ok(ledger_balances($node, $id), 'the ledger balances');
($equal, $said) = verify_table("$poisoned" =~ s/ORDER/WHERE pk NOT LIKE 'poison%' ORDER/r, $table, 'pk');
ok($equal, 'the others of their batches arrived') or diag($said);

clear_faults();
$node->safe_psql('postgres', "SELECT rs2ddb_resume($id)");
$job = wait_job($node, $id);
is($job->{state}, 'succeeded', 'after the cause is mended, rs2ddb_resume ends well');
is($node->safe_psql('postgres', "SELECT count(*) FROM rs2ddb.reject WHERE job_id = $id"), '0', 'no reject is left');
is($job->{attempt}, 1, 'no second UNLOAD was run');
ok(ledger_balances($node, $id), 'the ledger balances');
($equal, $said) = verify_table($poisoned, $table, 'pk');
ok($equal, 'every row arrived') or diag($said);

# ---- equal keys -------------------------------------------------------------------------------

# Rows in the order of n; the last row of a key must win.
sub last_row_wins
{
	my ($name, $rows, $key_expression, $collapsed) = @_;
	warehouse("DROP TABLE IF EXISTS public.equal_keys; CREATE TABLE public.equal_keys AS
		SELECT i AS n, ($key_expression)::integer AS id, ('value ' || i)::varchar(40) AS v FROM generate_series(1, $rows) AS i");
	my $table = unique('equal-keys');
	my $job = export_and_wait($node, 'SELECT * FROM equal_keys ORDER BY n', $table, key => q('{id}'));
	my $distinct = warehouse('SELECT count(DISTINCT id) FROM public.equal_keys');
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag($job->{error_message});
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	is($job->{items_written} + $job->{rows_collapsed}, $rows, "$name: every row is written or collapsed");
	cmp_ok($job->{items_written}, '>=', $distinct, "$name: each key was written");
	is($job->{rows_collapsed}, $collapsed, "$name: $collapsed rows collapsed") if defined $collapsed;
	my ($equal, $said) = verify_table('SELECT DISTINCT ON (id) * FROM equal_keys ORDER BY id, n DESC', $table, 'id');
	ok($equal, "$name: the last row of the file wins") or diag($said);
}

last_row_wins('equal keys in one batch', 20, 'i % 4', 16);
last_row_wins('all rows of one key', 500, '1');
last_row_wins('equal keys far apart', 5000, 'i % 1000');
last_row_wins('pairs over the borders of batches', 4000, 'i / 2');
last_row_wins('triples over the borders of batches', 3001, 'i / 3');
# Rows whose write came back wait to be sent again while later rows of the same key come.
faults(rule(BatchWriteItem => { type => 'unprocessed', count => 3 }, times => 20, probability => 0.4, seed => 11));
last_row_wins('equal keys of which some are sent back', 1500, 'i % 60');
cmp_ok(fired(), '>', 0, 'some were sent back');

reset_stand_ins();
$node->stop;
done_testing();
