# The main job end to end: from one SQL call to items, with a ledger that balances, in all its variants.
use strict;
use warnings;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;

reset_stand_ins();
my $node = new_node('main_job', conf => "rs2ddb.max_workers = 8\n");
my $rows = 2000;

warehouse(<<'SQL');
DROP TABLE IF EXISTS public.main_job;
CREATE TABLE public.main_job AS
  SELECT g AS id, 'group ' || g % 7 AS grp, CASE WHEN g % 3 > 0 THEN 'note ' || g END AS note, g / 8.0 AS amount
    FROM generate_series(1, 2000) g;
SQL
my $query = 'SELECT id, grp, note, amount FROM main_job';

# The ledger of a job as one line: state, rows unloaded, written, collapsed, rejected.
sub ledger
{
	my ($job) = @_;
	note($job->{error_message}) if defined $job->{error_message};
	return join ' ', @{$job}{qw(state rows_unloaded items_written rows_collapsed rows_rejected)};
}

sub ask { return $node->safe_psql($Rs2ddb::database, $_[0]); }

# Keys below the prefix that the job staged its files under.
sub staged
{
	my ($job) = @_;
	my ($key) = $job->{stage_prefix} =~ m{^s3://[^/]+/(rs2ddb/[0-9a-f-]{36}/)$}
	  or die "not a prefix of its own: $job->{stage_prefix}";
	return s3_keys($key);
}

sub items { return scalar @{ dynamodb('scan', $_[0]) }; }

sub key_schema
{
	my ($table) = dynamodb('describe', $_[0])->[0];
	my %type = map { @{$_}{qw(AttributeName AttributeType)} } @{ $table->{AttributeDefinitions} };
	my $keys = join ' ', map { "$_->{KeyType} $_->{AttributeName} $type{ $_->{AttributeName} }" }
	  @{ $table->{KeySchema} };
	return "$keys $table->{BillingModeSummary}{BillingMode}";
}

sub equal
{
	my ($source, $table, $key, $name) = @_;
	my ($equal, $text) = verify_table($source, $table, ref $key ? @$key : $key);
	ok($equal, $name) or diag($text);
}

# --- export returns at once, the job runs behind it ---------------------------------------------

# The describe of the query has to wait for this lock, so the job cannot settle while we look.
my $listener = $node->background_psql('postgres');
$listener->query('LISTEN rs2ddb');
my ($gate_in, $gate_out) = ("BEGIN; LOCK TABLE public.main_job IN ACCESS EXCLUSIVE MODE;\n\\echo locked\n", '');
my $gate = IPC::Run::start([ 'psql', '-XAtq', '-d', $ENV{RS2DDB_WAREHOUSE_ADMIN_DSN} ], '<', \$gate_in, '>', \$gate_out);
$gate->pump until $gate_out =~ /locked/;

my $table = unique('main');
my $job_id = export_job($node, $query, $table, key => "'{id}'");
like($job_id, qr/^\d+$/, 'rs2ddb_export returns a job id while the warehouse still keeps the query waiting');
ok(wait_for($node, "SELECT state = 'preparing' FROM rs2ddb.job WHERE job_id = $job_id"), 'a leader has taken the job');
is(ask("SELECT state FROM rs2ddb_wait($job_id, '50 ms')"), 'preparing', 'rs2ddb_wait with a timeout returns the row as it is then');
is(ask("SELECT state FROM rs2ddb.progress WHERE job_id = $job_id"), 'preparing', 'rs2ddb.progress shows the running job');
$gate_in = "ROLLBACK;\n\\q\n";
$gate->finish;

my $job = wait_job($node, $job_id);
is(ledger($job), "succeeded $rows $rows 0 0", 'the job succeeds and its ledger balances');
equal($query, $table, 'id', 'every attribute of every item is that of its row');

# --- the ledger, file by file ---------------------------------------------------------------------

is(ask("SELECT sum(rows_promised), sum(rows_read), sum(items_written), sum(checkpoint) FROM rs2ddb.file WHERE job_id = $job_id"),
	"$rows|$rows|$rows|$rows", 'the files add up to the rows of the job');
is(ask("SELECT count(*) FROM rs2ddb.file WHERE job_id = $job_id AND (state <> 'done' OR rows_promised IS NULL
	OR rows_promised <> items_written + rows_collapsed + rows_rejected OR size_bytes IS DISTINCT FROM bytes_read)"),
	'0', 'each file is done, balances, and was read to its last byte');
is(ask("SELECT write_units >= $rows AND write_units = (SELECT sum(write_units) FROM rs2ddb.file f WHERE f.job_id = j.job_id)
	FROM rs2ddb.job j WHERE job_id = $job_id"), 't', 'write units are those that DynamoDB said, file by file');
is(ask("SELECT percent, items_written, rows_unloaded, files_done = files FROM rs2ddb.progress WHERE job_id = $job_id"),
	"100.0|$rows|$rows|t", 'rs2ddb.progress shows the settled job with 100 percent');
is(ask("SELECT created_at <= started_at AND started_at <= unload_started_at AND unload_started_at <= loading_at
	AND loading_at <= finished_at FROM rs2ddb.job WHERE job_id = $job_id"), 't', 'its times are in order');
is(ask("SELECT count(*) FROM rs2ddb.job WHERE job_id = $job_id AND (leader_pid, unload_pid, error_message, error_sqlstate) IS NOT NULL"),
	'0', 'a job that succeeded has no process and no error left');

# --- events and NOTIFY ------------------------------------------------------------------------------

my @states = qw(queued preparing unloading loading finishing succeeded);
is(ask("SELECT string_agg(state, ' ' ORDER BY event_id) FROM rs2ddb.event WHERE job_id = $job_id"),
	"@states", 'events tell each move, in order');
my @expected = map { decode_json($_) } split /\n/, ask(
	"SELECT json_build_object('job', job_id, 'event', event_id, 'state', state) FROM rs2ddb.event WHERE job_id = $job_id ORDER BY event_id");
my @heard;
for (1 .. 100)
{
	push @heard, map { decode_json($_) } $listener->query('SELECT 1') =~ /channel|"rs2ddb" with payload "(.*)" received/g;
	last if @heard >= @states;
	select undef, undef, undef, 0.1;
}
$listener->quit;
is_deeply(\@heard, \@expected, 'each event was also a NOTIFY with job, event number and state, and nothing else');

# --- staging files ------------------------------------------------------------------------------------

is_deeply([ staged($job) ], [], 'the staging files are deleted after success');
my $kept = export_and_wait($node, $query, $table, keep_files => 'true');
is(ledger($kept), "succeeded $rows $rows 0 0", 'an export into an existing table, without a key given, succeeds');
isnt($kept->{stage_prefix}, $job->{stage_prefix}, 'each UNLOAD has a prefix of its own');
my %file = map { $_ => 1 } map { m{^s3://[^/]+/(.+)}; $1 } split /\n/, ask("SELECT url FROM rs2ddb.file WHERE job_id = $kept->{job_id}");
my %there = map { $_ => 1 } staged($kept);
ok((grep { m{/manifest$} } keys %there) == 1 && keys %file > 0 && !(grep { !$there{$_} } keys %file),
	'with keep_files the manifest and every file of it are still there')
  or diag(join "\n", sort keys %there);

# --- the table --------------------------------------------------------------------------------------

ok($job->{table_created} && !$kept->{table_created}, 'the job says whether it created the table');
is(key_schema($table), 'HASH id N PAY_PER_REQUEST', 'a table made on demand has the key, its type, and on-demand billing');
is(items($table), $rows, 'the second export put the same items again');

my $composite = unique('main');
my $pair = export_and_wait($node, $query, $composite, key => "'{grp,id}'");
is(ledger($pair), "succeeded $rows $rows 0 0", 'a job with partition and sort key succeeds');
is(key_schema($composite), 'HASH grp S RANGE id N PAY_PER_REQUEST', 'partition and sort key are those given, in this order');
equal($query, $composite, [ 'grp', 'id' ], 'items with two keys arrive whole');
is(ledger(export_and_wait($node, "$query WHERE id <= 10", $composite, key => "'{grp,id}'")), 'succeeded 10 10 0 0',
	'the key of an existing table may be given too');

my $bytes = unique('main');
export_and_wait($node, "SELECT grp::varbyte AS b, max(id) AS id FROM main_job GROUP BY 1", $bytes, key => "'{b}'");
is(key_schema($bytes), 'HASH b B PAY_PER_REQUEST', 'a VARBYTE column becomes a key of type B');
is(items($bytes), 7, 'and its items arrive');

my $provisioned = unique('main');
dynamodb('create', encode_json({ TableName => $provisioned, BillingMode => 'PROVISIONED',
	ProvisionedThroughput => { ReadCapacityUnits => 5, WriteCapacityUnits => 5000 },
	KeySchema => [ { AttributeName => 'Key', KeyType => 'HASH' } ],
	AttributeDefinitions => [ { AttributeName => 'Key', AttributeType => 'S' } ] }));
my $fitted = export_and_wait($node, 'SELECT id::varchar AS "Key", grp FROM main_job', $provisioned);
is(ledger($fitted), "succeeded $rows $rows 0 0", 'a table that somebody else made is loaded as it is');
equal('SELECT id::varchar AS "Key", grp FROM public.main_job', $provisioned, 'Key', 'and has the items');

# --- duplicates within a file -------------------------------------------------------------------------

gateway(slices => 1);
my $double = unique('main');
my $twice = export_and_wait($node, "SELECT id % 10 AS id, id AS last FROM (SELECT id FROM main_job WHERE id <= 100 ORDER BY id) q",
	$double, key => "'{id}'");
is(ledger($twice), 'succeeded 100 10 90 0', 'equal keys of a file are collapsed, and the ledger counts them');
equal("SELECT id % 10 AS id, max(id) AS last FROM public.main_job WHERE id <= 100 GROUP BY 1", $double, 'id', 'the last row of a key wins');
reset_stand_ins();

# --- zero rows ----------------------------------------------------------------------------------------

for my $manifest (\0, \1)
{
	gateway(manifest_on_zero_rows => $$manifest ? JSON::PP::true : JSON::PP::false);
	my $empty = unique('main');
	my $with = $$manifest ? 'with' : 'without';
	my $none = export_and_wait($node, "$query WHERE id < 0", $empty, key => "'{id}'");
	is(ledger($none), 'succeeded 0 0 0 0', "zero rows, $with a manifest: succeeded with 0 items");
	is(key_schema($empty), 'HASH id N PAY_PER_REQUEST', "zero rows, $with a manifest: the table is there");
	is_deeply([ staged($none) ], [], "zero rows, $with a manifest: nothing stays on S3");
}
reset_stand_ins();

# --- compression --------------------------------------------------------------------------------------

my %suffix = (zstd => '.zst', gzip => '.gz', none => '');
for my $compression (sort keys %suffix)
{
	create_warehouse($node, "with_$compression", { compression => $compression });
	my $target = unique('main');
	my $packed = export_and_wait($node, $query, $target, key => "'{id}'", server => "'with_$compression'");
	is(ledger($packed), "succeeded $rows $rows 0 0", "compression $compression: the job succeeds");
	is(ask("SELECT DISTINCT substring(url from '[0-9]([.][a-z]+)?\$') IS NOT DISTINCT FROM NULLIF('$suffix{$compression}', '')
		FROM rs2ddb.file WHERE job_id = $packed->{job_id}"), 't', "compression $compression: the files are compressed so");
	equal($query, $target, 'id', "compression $compression: the items are those of the rows");
}
is(ask("SELECT bool_and(url LIKE '%.zst') FROM rs2ddb.file WHERE job_id = $job_id"), 't', 'the default is zstd');

gateway(zstd_with_json => 'refuse');
my $refused = unique('main');
my $plain = export_and_wait($node, $query, $refused, key => "'{id}'");
is(ledger($plain), "succeeded $rows $rows 0 0", 'a warehouse that refuses zstd with JSON: the job succeeds');
is($plain->{attempt}, 2, 'it took a second UNLOAD');
is(ask("SELECT bool_or(url ~ 'zst|gz') FROM rs2ddb.file WHERE job_id = $plain->{job_id}"), 'f', 'without compression');
equal($query, $refused, 'id', 'and the items are those of the rows');
is_deeply([ staged($plain) ], [], 'and nothing of it stays on S3');
reset_stand_ins();

for my $schema (qw(broken absent))
{
	gateway(manifest_schema => $schema);
	is(ledger(export_and_wait($node, $query, $table)), "succeeded $rows $rows 0 0", "a manifest whose schema is $schema is read");
}
gateway(manifest_schema => 'clean', json_suffix => JSON::PP::true);
is(ledger(export_and_wait($node, $query, $table)), "succeeded $rows $rows 0 0", 'names of files that end in .json make no difference');
reset_stand_ins();

# --- mode, attributes, rate ---------------------------------------------------------------------------

my $less = export_and_wait($node, 'SELECT id, grp FROM main_job WHERE id > 500', $table, mode => "'delete'");
is(ledger($less), 'succeeded 1500 1500 0 0', "mode 'delete': one delete per row");
equal("SELECT * FROM public.main_job WHERE id <= 500", $table, 'id', "mode 'delete': only the items of these keys are gone");
is(ledger(export_and_wait($node, 'SELECT grp, id FROM main_job WHERE id BETWEEN 11 AND 2000', $composite, mode => "'delete'")),
	'succeeded 1990 1990 0 0', "mode 'delete' with two keys");
equal("SELECT * FROM public.main_job WHERE id <= 10", $composite, [ 'grp', 'id' ], "mode 'delete' with two keys: the others stay");

my $renamed = unique('main');
export_and_wait($node, 'SELECT id, grp, note, amount FROM main_job WHERE id IN (3, 4)', $renamed, key => "'{Customer Id}'",
	attributes => q('{"id": {"name": "Customer Id"}, "note": {"null": "write"}, "grp": {"name": "g.\"x\"", "null": "omit"}}'));
is_deeply([ sort { $a->{'Customer Id'}{N} <=> $b->{'Customer Id'}{N} } @{ dynamodb('scan', $renamed) } ], [
	{ 'Customer Id' => { N => '3' }, 'g."x"' => { S => 'group 3' }, note => { NULL => JSON::PP::true }, amount => { N => '0.375' } },
	{ 'Customer Id' => { N => '4' }, 'g."x"' => { S => 'group 4' }, note => { S => 'note 4' }, amount => { N => '0.5' } } ],
	'attributes: a column gets another name, and NULL is written where asked for');

# --- several files, several workers -------------------------------------------------------------------

# How many files of a job were being loaded at the same moment, at most.
sub most_at_once
{
	my ($job) = @_;
	return ask("SELECT max(n) FROM (SELECT (SELECT count(*) FROM rs2ddb.file b WHERE b.job_id = a.job_id
		AND b.started_at <= a.started_at AND b.finished_at > a.started_at) AS n FROM rs2ddb.file a WHERE a.job_id = $job->{job_id}) x");
}

gateway(slices => 4);
faults({ service => 'dynamodb', match => { target => 'BatchWriteItem' }, times => undef, action => { type => 'delay', ms => 400 } });
my $parallel = unique('main');
my $wide = export_and_wait($node, $query, $parallel, key => "'{id}'", workers => 3);
is(ledger($wide), "succeeded $rows $rows 0 0", 'three workers load four files');
is(ask("SELECT count(*) FROM rs2ddb.file WHERE job_id = $wide->{job_id}"), '4', 'there were four files');
is(most_at_once($wide), '3', 'three of them were loaded at the same time, no more');
equal($query, $parallel, 'id', 'and the items are those of the rows');
is(most_at_once(export_and_wait($node, $query, $parallel, workers => 1)), '1', 'workers => 1 loads one file after the other');

# --- two jobs at once, two databases at once ------------------------------------------------------------

my @targets = map { unique('main') } 1 .. 2;
my @both = map { export_job($node, $query, $_, key => "'{id}'", workers => 1) } @targets;
is(ledger(wait_job($node, $_)), "succeeded $rows $rows 0 0", 'one of two jobs that run at once') for @both;
is(ask("SELECT a.loading_at < b.finished_at AND b.loading_at < a.finished_at FROM rs2ddb.job a, rs2ddb.job b
	WHERE a.job_id = $both[0] AND b.job_id = $both[1]"), 't', 'they were loading at the same time');
equal($query, $_, 'id', 'the items of each are those of its rows') for @targets;

my $here = export_job($node, $query, $targets[0], workers => 1);
{
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	local $Rs2ddb::database = 'other';
	ask('CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	is(ledger(export_and_wait($node, $query, $targets[1], workers => 1)), "succeeded $rows $rows 0 0",
		'a second database runs a job of its own');
	is(ask('SELECT count(*) FROM rs2ddb.job'), '1', 'and sees no other');
}
is(ledger(wait_job($node, $here)), "succeeded $rows $rows 0 0", 'while the first database runs one');
reset_stand_ins();

# --- the write rate -------------------------------------------------------------------------------------

# A lower bound only: whatever the machine, so many units at this rate cannot take less.
my $slow = export_and_wait($node, "$query WHERE id <= 400", $targets[0], max_wcu => 100);
is(ledger($slow), 'succeeded 400 400 0 0', 'max_wcu: the job succeeds');
my $took_s = ask("SELECT extract(epoch FROM finished_at - loading_at) FROM rs2ddb.job WHERE job_id = $slow->{job_id}");
# Each of four loaders may begin with one batch of 25; the rest has to wait.
cmp_ok($took_s, '>=', 2.9, 'max_wcu => 100: 400 units of several files take the time that this rate needs');

# --- owners ----------------------------------------------------------------------------------------------

my %dsn = $ENV{RS2DDB_REDSHIFT_DSN} =~ /(\w+)=(\S+)/g;
my $mapping = "SERVER warehouse OPTIONS (user '$dsn{user}', password '$dsn{password}',
	aws_access_key_id '$ENV{AWS_ACCESS_KEY_ID}', aws_secret_access_key '$ENV{AWS_SECRET_ACCESS_KEY}')";
ask('CREATE ROLE analyst LOGIN; CREATE ROLE batch NOLOGIN; CREATE ROLE stranger LOGIN');
my @as = (extra_params => [ '-U', 'analyst' ]);
my $call = "SELECT rs2ddb_export('$query WHERE id <= 20', '$targets[0]', server => 'warehouse')";

my ($code, $out, $err) = $node->psql('postgres', $call, @as);
like($err, qr/permission denied for function rs2ddb_export/, 'a role without EXECUTE cannot export');
ask('GRANT EXECUTE ON FUNCTION rs2ddb_export, rs2ddb_wait, rs2ddb_cancel, rs2ddb_resume TO analyst, batch');
($code, $out, $err) = $node->psql('postgres', $call, @as);
like($err, qr/permission denied for foreign server warehouse/, 'nor without USAGE on the warehouse');
ask('GRANT USAGE ON FOREIGN SERVER warehouse TO analyst, batch');
($code, $out, $err) = $node->psql('postgres', $call, @as);
like($err, qr/role "analyst" has no user mapping for warehouse "warehouse"/, 'nor without a user mapping');
ask("CREATE USER MAPPING FOR analyst $mapping; CREATE USER MAPPING FOR batch $mapping");

my $his = $node->safe_psql('postgres', $call, @as);
is($node->safe_psql('postgres', "SELECT state, owner FROM rs2ddb_wait($his, '1 minute')", @as), 'succeeded|analyst',
	'an ordinary role with these three exports and waits');
is($node->safe_psql('postgres', 'SELECT count(*), bool_and(owner = current_user) FROM rs2ddb.job', @as), '1|t', 'he sees his own job only');
is($node->safe_psql('postgres', "SELECT count(DISTINCT job_id) FROM rs2ddb.event", @as), '1', 'and its events only');
is($node->safe_psql('postgres', "SELECT job_id FROM rs2ddb.progress", @as), $his, 'and its progress only');
is($node->safe_psql('postgres', 'SELECT count(*) FROM rs2ddb.job', extra_params => [ '-U', 'stranger' ]), '0', 'a stranger sees no job');
($code, $out, $err) = $node->psql('postgres', "SELECT rs2ddb_wait($job_id)", @as);
like($err, qr/there is no job $job_id/, 'the job of somebody else cannot be waited for');

my $nologin = ask("SET ROLE batch; $call");
ask("SELECT state FROM rs2ddb_wait($nologin, '1 minute')");
is(ask("SELECT state, owner FROM rs2ddb.job WHERE job_id = $nologin"), 'succeeded|batch', 'the owner may be a role that cannot log in');

# --- a database that is not UTF-8 ---------------------------------------------------------------------------

warehouse(<<'SQL');
DROP TABLE IF EXISTS public.main_latin;
CREATE TABLE public.main_latin AS SELECT 1 AS id, '日本 😀 Ω' AS note, 1.5::float8 AS number, 2 AS "数";
INSERT INTO public.main_latin VALUES (2, 'żółw', 'NaN', 3);
SQL
{
	local $Rs2ddb::database = 'latin';
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	$node->safe_psql('postgres', "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
	ask('CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	my $latin = unique('main');
	my $umlauts = export_and_wait($node, q(SELECT note, 'Käse für ÿ' AS "Straße", id AS "Schlüssel" FROM main_latin WHERE id = 1),
		$latin, key => "'{Schlüssel}'", attributes => q('{"note": {"name": "Öffentlich"}}'));
	is(ledger($umlauts), 'succeeded 1 1 0 0', 'a job in a LATIN1 database succeeds');
	is_deeply(dynamodb('scan', $latin), [ { 'Schlüssel' => { N => '1' }, 'Straße' => { S => 'Käse für ÿ' }, 'Öffentlich' => { S => '日本 😀 Ω' } } ],
		'umlauts in query, names and key arrive, and so does text that LATIN1 cannot hold');

	my $rejected = export_and_wait($node, 'SELECT note, number FROM main_latin', unique('main'), key => "'{note}'");
	is(ledger($rejected), 'failed 2 1 0 1', 'a reject with a key that LATIN1 cannot hold is counted');
	is(ask("SELECT code, key IS NULL FROM rs2ddb.reject WHERE job_id = $rejected->{job_id}"), 'number_nan|t', 'its key is not shown as text');
	is(ask("SELECT encode(key_bytes, 'hex') LIKE '%c5bcc3b3c58277%' FROM rs2ddb.reject WHERE job_id = $rejected->{job_id}"),
		't', 'but kept as bytes');

	my $unload_error = export_and_wait($node, 'SELECT id AS "Schlüssel", note::int AS n FROM main_latin', $latin);
	is("$unload_error->{state} $unload_error->{error_sqlstate}", 'failed 22P02', 'an error whose text LATIN1 cannot hold fails the job, with its SQLSTATE');
	is($unload_error->{error_message}, "the warehouse's message cannot be shown in the encoding of this database", 'and says why there is no more');

	my $before = @{ dynamodb('tables') };
	my $column = export_and_wait($node, 'SELECT * FROM main_latin', unique('main'), key => "'{id}'");
	is("$column->{state} $column->{error_sqlstate} $column->{error_message}",
		'failed 22P05 the encoding of this database (LATIN1) cannot hold the name of column 4', 'a column name that LATIN1 cannot hold is refused');
	is(@{ dynamodb('tables') }, $before, 'before a table is made for it');
}

$node->stop;
reset_stand_ins();
done_testing();
