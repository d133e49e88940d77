# Bad input of the user: each ends with an error that says what was wrong, before anything is moved,
# and no secret stands in any of the texts.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

my %secret = (
	'password'            => 'Wr0ng+Pass/word&1',
	'AWS secret'          => 'True/Secret+Of=The0Test1Key2',
	'wrong AWS secret'    => 'Wrong/Secret+Of=The0Test1Key',
	'AWS session token'   => 'SessionToken//Of+The0Test1Key==',
	'warehouse password'  => ($ENV{RS2DDB_REDSHIFT_DSN} =~ /password=(\S+)/)[0]);

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.bad_input;
CREATE TABLE public.bad_input AS
  SELECT i AS id, ('name ' || i)::varchar(40) AS name, (i % 2 = 0) AS flag, ('{"n":' || i || '}')::super AS nested
  FROM generate_series(1, 60) AS i;
SQL

# The statements that bring the secrets in must not be what puts them into the log.
my $node = new_node('bad_input', conf => "log_min_messages = debug5\nlog_statement = none\n");
my $log_start = -s $node->logfile;    # before it the postmaster shows its environment
my $all = 'SELECT * FROM bad_input';

my %aws_key = (aws_access_key_id => 'AKIATESTGOOD', aws_secret_access_key => $secret{'AWS secret'});
credentials(access_key_id => 'AKIATESTGOOD', secret_access_key => $secret{'AWS secret'});

# Runs one bad job. %expected: patterns of the row's columns.
sub refused
{
	my ($name, $query, $args, %expected) = @_;
	my $table = delete $expected{table} // unique('bad-input');
	my $job = export_and_wait($node, $query, $table, %$args);
	subtest $name => sub {
		is($job->{state}, 'failed', 'the job failed');
		like($job->{$_} // '(null)', $expected{$_}, $_) for sort keys %expected;
	};
	return $job;
}

# The same for what must fail before any UNLOAD is sent.
sub refused_before_unload
{
	my ($name, @rest) = @_;
	my $before = unloads();
	my $job = refused($name, @rest);
	is(unloads(), $before, "$name: no UNLOAD was sent");
	ok(!defined $job->{stage_prefix}, "$name: nothing was staged");
	return $job;
}

my %hinted = (error_hint => qr/\w/);

# ---- the query --------------------------------------------------------------------------------

my $typo = "SELECT id,\n  name FORM bad_input";
refused_before_unload('a syntax error comes back in the words of the warehouse, where the user typed it',
	$typo, { key => q('{id}') },
	error_message => qr/^syntax error at or near "bad_input"/,
	error_sqlstate => qr/^42601$/, error_position => qr/^@{[1 + index $typo, 'bad_input']}$/);

my $missing_table = 'SELECT * FROM no_such_table';
refused_before_unload('a missing table comes back with its SQLSTATE and position',
	$missing_table, { key => q('{id}') },
	error_message => qr/^relation "no_such_table" does not exist/,
	error_sqlstate => qr/^42P01$/, error_position => qr/^@{[1 + index $missing_table, 'no_such']}$/);

my $missing_column = "-- a comment first\nSELECT id, no_such_column FROM bad_input;";
refused_before_unload('a missing column comes back with its SQLSTATE and position',
	$missing_column, { key => q('{id}') },
	error_message => qr/column "no_such_column" does not exist/,
	error_sqlstate => qr/^42703$/, error_position => qr/^@{[1 + index $missing_column, 'no_such']}$/);

{
	use utf8;
	my $multibyte = "SELECT '日本語 😀 é' AS t, no_such_column FROM bad_input";
	my $position = 1 + index $multibyte, 'no_such';
	utf8::encode($multibyte);
	refused_before_unload('the position counts characters, not bytes',
		$multibyte, { key => q('{id}') },
		error_sqlstate => qr/^42703$/, error_position => qr/^$position$/);
}

refused_before_unload('a second statement is refused',
	"$all; DROP TABLE bad_input", { key => q('{id}') },
	error_message => qr/\w/, error_sqlstate => qr/^42601$/, error_position => qr/^\d+$/);
is(warehouse('SELECT count(*) FROM public.bad_input'), '60', 'and was not executed');

refused_before_unload('two columns of one name are refused',
	'SELECT id, name, flag AS name FROM bad_input', { key => q('{id}') },
	error_message => qr/two columns .* named "name"/, error_sqlstate => qr/^42701$/, %hinted);

refused_before_unload('a column without a name is refused',
	'SELECT id, id + 1 FROM bad_input', { key => q('{id}') },
	error_message => qr/^column 2 of the query has no name$/, error_sqlstate => qr/^42611$/, error_hint => qr/\bAS\b/);
refused('a function of the leader node is refused by Redshift, and the hint names the kind',
	'SELECT id, version() AS v FROM bad_input', { key => q('{id}') },
	error_message => qr/not supported on Redshift tables/, error_hint => qr/leader node/);
refused_before_unload('a key that the rules have given another name',
	$all, { key => q('{id}'), attributes => q('{"id": {"name": "number"}}') },
	error_message => qr/^the partition key "id" of table "[^"]+" is not an attribute of its items$/,
	error_detail => qr/^The column "id" becomes the attribute "number"\.$/, error_hint => qr/^Name the key as the attribute/);

# ---- the table and its key --------------------------------------------------------------------

my $table = unique('bad-input-table');
dynamodb('create', qq({"TableName": "$table", "BillingMode": "PAY_PER_REQUEST",
  "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}, {"AttributeName": "name", "AttributeType": "N"}],
  "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
  "GlobalSecondaryIndexes": [{"IndexName": "by-name", "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"}}]}));

refused_before_unload('a key column that is not in the query is named',
	'SELECT name FROM bad_input', { key => q('{id}') },
	error_message => qr/partition key "id" .* not a column of the query/, error_sqlstate => qr/^42703$/, %hinted);
refused_before_unload('a key of the existing table that is not in the query is named',
	'SELECT flag FROM bad_input', {}, table => $table,
	error_message => qr/partition key "id" of table "$table" is not a column/, error_sqlstate => qr/^42703$/, %hinted);
for my $case ([ flag => 'boolean' ], [ nested => 'super' ])
{
	my ($column, $type) = @$case;
	refused_before_unload("a $type cannot be a key",
		$all, { key => "'{$column}'" },
		error_message => qr/column "$column" of type $type cannot be a partition key/, error_sqlstate => qr/^42804$/, %hinted);
	refused_before_unload("a $type cannot be a sort key",
		$all, { key => "'{id,$column}'" },
		error_message => qr/column "$column" of type $type cannot be a sort key/, error_sqlstate => qr/^42804$/, %hinted);
}
refused_before_unload('a key other than that of the table is refused',
	$all, { key => q('{name}') }, table => $table,
	error_message => qr/table "$table" has another key/, error_detail => qr/"id".*"name"/, error_sqlstate => qr/^42804$/, %hinted);
refused_before_unload('a sort key that the table has not is refused',
	$all, { key => q('{id,name}') }, table => $table,
	error_message => qr/table "$table" has another key/, error_detail => qr/sort key is missing.*"name"/, %hinted);
refused_before_unload('a key column of another type than the key of the table is refused',
	'SELECT name AS id FROM bad_input', {}, table => $table,
	error_message => qr/"id" of table "$table" has type N.*character varying/, error_sqlstate => qr/^42804$/, %hinted);
refused_before_unload('a column of another type than the key of an index is refused',
	'SELECT id, name FROM bad_input', {}, table => $table,
	error_message => qr/"name" is the key of an index with type N/, error_sqlstate => qr/^42804$/, %hinted);
my $absent = unique('absent');
refused_before_unload('a missing table without a key is refused, with the way to have it created',
	$all, {}, table => $absent,
	error_message => qr/table "$absent" does not exist/, error_sqlstate => qr/^42P01$/, error_hint => qr/key =>/);
is(scalar(grep { $_ eq $absent } @{ dynamodb('tables') }), 0, 'and was not created');

# ---- the warehouse ----------------------------------------------------------------------------

my $unused = do { require IO::Socket::INET; IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport };
my ($role, $wrong_role) = ($ENV{RS2DDB_IAM_ROLE}, 'arn:aws:iam::123456789012:role/nobody');

create_warehouse($node, 'wrong_password', {}, { %aws_key, password => $secret{password} });
refused_before_unload('a wrong password', $all, { key => q('{id}'), server => q('wrong_password') },
	error_message => qr/could not connect to warehouse/, error_detail => qr/authentication failed/,
	error_sqlstate => qr/^(?:08|28)/, error_hint => qr/password.*user mapping/);
create_warehouse($node, 'unknown_host', { host => 'no-such-host.invalid' }, {});
refused_before_unload('an unknown host', $all, { key => q('{id}'), server => q('unknown_host') },
	error_message => qr/could not connect to warehouse at no-such-host.invalid/, error_detail => qr/could not translate host name/,
	error_sqlstate => qr/^08/, error_hint => qr/host/);
create_warehouse($node, 'closed_port', { port => $unused }, {});
refused_before_unload('a closed port', $all, { key => q('{id}'), server => q('closed_port') },
	error_message => qr/could not connect to warehouse at 127.0.0.1:$unused/, error_detail => qr/Connection refused/,
	error_sqlstate => qr/^08/, error_hint => qr/port/);
create_warehouse($node, 'wrong_role', { iam_role => $wrong_role }, {});
refused('a role that the warehouse may not assume', $all, { key => q('{id}'), server => q('wrong_role') },
	error_message => qr/not authorized to assume IAM Role $wrong_role/, error_sqlstate => qr/^XX000$/, error_hint => qr/role/i);
create_warehouse($node, 'no_bucket', { stage => 's3://no-such-bucket/rs2ddb/' }, {});
refused('a bucket that does not exist', $all, { key => q('{id}'), server => q('no_bucket') },
	error_message => qr/bucket does not exist/, error_code => qr/^NoSuchBucket$/, error_request_id => qr/\w/, error_hint => qr/bucket/);

# ---- AWS --------------------------------------------------------------------------------------

create_warehouse($node, 'wrong_secret', {}, { %aws_key, aws_secret_access_key => $secret{'wrong AWS secret'} });
refused_before_unload('a wrong AWS secret', $all, { key => q('{id}'), server => q('wrong_secret') },
	error_message => qr/DescribeTable/, error_code => qr/^InvalidSignatureException$/, error_request_id => qr/^\w{20,}$/,
	error_hint => qr/secret access key/);
create_warehouse($node, 'unknown_key', {}, { %aws_key, aws_access_key_id => 'AKIAUNKNOWN' });
refused_before_unload('an unknown AWS access key id', $all, { key => q('{id}'), server => q('unknown_key') },
	error_code => qr/^UnrecognizedClientException$/, error_request_id => qr/^\w{20,}$/, error_hint => qr/access key id/);

credentials(access_key_id => 'ASIATESTEXPIRED', secret_access_key => $secret{'AWS secret'},
	session_token => $secret{'AWS session token'}, expires_at => '2020-01-01T00:00:00Z');
create_warehouse($node, 'expired_key', {}, { aws_access_key_id => 'ASIATESTEXPIRED',
	aws_secret_access_key => $secret{'AWS secret'}, aws_session_token => $secret{'AWS session token'} });
refused_before_unload('expired AWS credentials', $all, { key => q('{id}'), server => q('expired_key') },
	error_code => qr/^ExpiredTokenException$/, error_request_id => qr/^\w{20,}$/, error_hint => qr/expired/);

# Each key may do everything but one action.
sub create_denied
{
	my ($action) = @_;
	my $name = 'no_' . lc($action =~ s/.*://r);
	credentials(access_key_id => "AKIA\U$name", secret_access_key => $secret{'AWS secret'}, deny => [$action]);
	create_warehouse($node, $name, {}, { aws_access_key_id => "AKIA\U$name", aws_secret_access_key => $secret{'AWS secret'} });
	return $name;
}

{
	my $action = 'dynamodb:DescribeTable';
	my $server = create_denied($action);
	refused_before_unload("$action is denied", $all, { key => q('{id}'), server => "'$server'" },
		error_code => qr/^AccessDeniedException$/, error_request_id => qr/^\w{20,}$/,
		error_detail => qr/not authorized to perform: $action/, error_hint => qr/Allow $action/);
}
for my $case ([ 'dynamodb:CreateTable', 'AccessDeniedException' ], [ 'dynamodb:BatchWriteItem', 'AccessDeniedException' ], [ 's3:GetObject', 'AccessDenied' ])
{
	my ($action, $code) = @$case;
	my $server = create_denied($action);
	my $job = refused("$action is denied", $all, { key => q('{id}'), server => "'$server'" },
		error_code => qr/^$code$/, error_request_id => qr/^\w{10,}$/,
		error_detail => qr/not authorized to perform: $action/, error_hint => qr/\b$action\b/);
	credentials(access_key_id => "AKIA\U$server", secret_access_key => $secret{'AWS secret'});
	$node->safe_psql('postgres', "SELECT rs2ddb_resume($job->{job_id})");
	is(wait_job($node, $job->{job_id})->{state}, 'succeeded', "$action is allowed, and the job goes on");
}

# ---- secrets ----------------------------------------------------------------------------------

# A job that runs while we look: its requests are held up.
create_warehouse($node, 'good', {}, \%aws_key);
faults({ service => 'dynamodb', match => { target => 'BatchWriteItem' }, times => undef, action => { type => 'delay', ms => 600_000 } });
my $running = export_job($node, $all, unique('bad-input'), key => q('{id}'), server => q('good'));
ok(wait_until(\&fired), 'a job is loading');
my %seen = (
	'pg_stat_activity' => $node->safe_psql('postgres', 'SELECT * FROM pg_stat_activity'),
	'the process list' => join("\n", map { slurp_file("/proc/$_/cmdline") } worker_pids($node, 'leader'), worker_pids($node, 'loader')),
	map { ("rs2ddb.$_" => $node->safe_psql('postgres', "SELECT * FROM rs2ddb.$_")) } qw(job file reject event leftover progress));
$node->safe_psql('postgres', "SELECT rs2ddb_cancel($running)");
clear_faults();
is(wait_job($node, $running)->{state}, 'canceled', 'and is stopped');
$seen{'the log at DEBUG5'} = slurp_file($node->logfile, $log_start);
$seen{'the log at DEBUG5, escaped'} = $seen{'the log at DEBUG5'} =~ s/%([0-9A-Fa-f]{2})/chr hex $1/egr;

like($seen{'the log at DEBUG5'}, qr/DEBUG:.*\n(?s:.*)rs2ddb job \d+ \([^\n]*\) failed: /, 'the log has the debug messages and the failures');
like($seen{'the process list'}, qr/rs2ddb leader of job $running\b(?s:.*)rs2ddb loader of job $running\b/, 'workers are named after their job');
like($seen{pg_stat_activity}, qr/rs2ddb (?:leader|loader)/, 'pg_stat_activity was read while workers ran');
for my $where (sort keys %seen)
{
	ok(index($seen{$where}, $secret{$_}) < 0, "$where does not hold the $_") for sort keys %secret;
}

reset_stand_ins();
$node->stop;
done_testing();
