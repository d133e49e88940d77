# Workers: how many there are, how jobs wait for one, how they share a table, and that they go away.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.workers;
CREATE TABLE public.workers AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM workers';
my %key = (key => q('{id}'));

my $node = new_node('workers');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $reaches = sub { my ($job, $state) = @_; wait_for($node, "SELECT state FROM rs2ddb.job WHERE job_id = $job", $state) };

# Every write fails until clear_faults.
my @held_up = rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef);

sub max_workers
{
	my ($count) = @_;
	$node->append_conf('postgresql.conf', "rs2ddb.max_workers = $count");
	$node->reload;
	ok(wait_for($node, 'SHOW rs2ddb.max_workers', $count), "rs2ddb.max_workers is $count");
}

# The job has succeeded and everything is where it should be.
sub complete
{
	my ($name, $job, $table) = @_;
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag($job->{error_message});
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

# ---- how many ---------------------------------------------------------------------------------

gateway(rows_per_file => 100);    # more files than workers
for my $case ([ 1, 1, 0 ], [ 2, 1, 1 ], [ 3, 1, 2 ])
{
	my ($workers, $leaders, $loaders) = @$case;
	my $name = "max_workers = $workers";
	my $table = unique('workers');
	max_workers($workers);
	faults(@held_up);
	my $job = export_job($node, $query, $table, %key);
	ok(wait_for($node, "SELECT count(*) = greatest($loaders, 1) FROM rs2ddb.file WHERE job_id = $job AND state = 'running'"),
		"$name: as many files are loaded at once");
	ok(wait_until(\&fired), "$name: writes are held up");
	is(scalar(worker_pids($node, 'leader')), $leaders, "$name: one leader");
	is(scalar(worker_pids($node, 'loader')), $loaders, "$name: $loaders loaders");
	is($sql->("SELECT count(*) FROM rs2ddb.file f JOIN rs2ddb.job j USING (job_id) WHERE job_id = $job AND loader_pid = leader_pid"),
		$loaders ? 0 : 1, $loaders ? "$name: the leader does not load" : "$name: the leader loads by itself");
	clear_faults();
	complete($name, wait_job($node, $job), $table);
}

# ---- all slots taken --------------------------------------------------------------------------

max_workers(1);
faults(@held_up);
my @tables = map { unique('workers') } 1 .. 2;
my $first = export_job($node, $query, $tables[0], %key);
ok($reaches->($first, 'loading'), 'a job takes the only slot');
my ($status, $second, $warning) = $node->psql('postgres',
	"SELECT rs2ddb_export('$query', '$tables[1]', server => 'warehouse', key => '{id}')");
like($warning, qr/WARNING: .*busy: job $second waits/, 'the next export warns that its job waits');
like($warning, qr/HINT:  It starts when another job of this database ends, or with the next call/, 'and says for what');
like($warning, qr/HINT: .*rs2ddb\.max_workers/, 'and names the setting to raise');
is(job_row($node, $second)->{state}, 'queued', 'its job waits in queued');
clear_faults();
ok($reaches->($second, 'succeeded'), 'it starts by itself when the slot is free, and succeeds')
  or diag(job_row($node, $second)->{state});
complete('the first', wait_job($node, $first), $tables[0]);
complete('the second', job_row($node, $second), $tables[1]);
max_workers(4);

# ---- two jobs with a bound on one table -------------------------------------------------------

# A loader that goes slowly until the other job knows of it commits progress in the middle of a file.
$sql->(<<'SQL');
CREATE TABLE waited (job_id bigint, file_no integer);
CREATE FUNCTION note_wait() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO public.waited VALUES (new.job_id, new.file_no); RETURN new; END$$;
CREATE TRIGGER note_wait AFTER UPDATE ON rs2ddb.file FOR EACH ROW
  WHEN (old.state = 'running' AND new.state = 'running') EXECUTE FUNCTION note_wait();
SQL
gateway(rows_per_file => 60, slices => 1);
my $shared = unique('workers');
my %bound = (%key, max_wcu => 1000, workers => 1);
faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef, key_prefix => '199'));
my $holding = export_job($node, "$query WHERE id >= 1990", $shared, %bound);
ok(wait_until(\&fired), 'a job with a bound is held up while it loads');
my $sharing = export_and_wait($node, "$query WHERE id BETWEEN 200 AND 1399", $shared, %bound);
is($sharing->{state}, 'succeeded', 'another loads into its table meanwhile');
ok(ledger_balances($node, $sharing->{job_id}), 'its ledger balances');
my @waited = split /\n/, $sql->("SELECT DISTINCT file_no FROM waited WHERE job_id = $sharing->{job_id} ORDER BY 1");
is($waited[0], 1, 'its loader goes slowly until the first job knows of it');
cmp_ok(scalar @waited, '<=', 15, 'but not with every one of its 20 files');
is($sql->("SELECT state FROM rs2ddb.job WHERE job_id = $holding"), 'loading', 'the first job was there all the time');
clear_faults();
is(wait_job($node, $holding)->{state}, 'succeeded', 'then it succeeds, too');
ok(ledger_balances($node, $holding), 'its ledger balances');
$sql->('DROP TRIGGER note_wait ON rs2ddb.file; DROP FUNCTION note_wait; DROP TABLE waited');

# ---- rates while files are shorter than the interval of progress --------------------------------

$sql->(<<'SQL');
CREATE TABLE claimed (job_id bigint, rows_per_s float8);
CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO public.claimed VALUES (new.job_id, new.rows_per_s); RETURN new; END$$;
CREATE TRIGGER note_claim AFTER UPDATE ON rs2ddb.file FOR EACH ROW
  WHEN (old.state = 'pending' AND new.state = 'running') EXECUTE FUNCTION note_claim();
SQL
gateway(rows_per_file => 10);
faults(rule(BatchWriteItem => { type => 'delay', ms => 150 }, times => undef));
my $quick = export_and_wait($node, "$query WHERE id <= 400", unique('workers'), %key, workers => 1);
clear_faults();
is($quick->{state}, 'succeeded', 'a job of 40 quick files succeeds');
is($sql->("SELECT count(*) FROM claimed WHERE job_id = $quick->{job_id}"), '40', 'each was claimed once');
cmp_ok($sql->("SELECT count(*) FROM claimed WHERE job_id = $quick->{job_id} AND rows_per_s > 0"), '>', 0,
	'the rates of its loader go on from file to file');
$sql->('DROP TRIGGER note_claim ON rs2ddb.file; DROP FUNCTION note_claim; DROP TABLE claimed');

# ---- many exports of one transaction -------------------------------------------------------------

reset_stand_ins();
ok(wait_for($node, no_workers()), 'no worker is left before many exports');
my $table = unique('workers');
my $many = "SELECT rs2ddb_export('SELECT ' || i || ' AS id', '$table', server => 'warehouse', key => '{id}') FROM generate_series(1, 30) i";
my ($many_status, $many_jobs, $many_said) = $node->psql('postgres', $many);
is(scalar(() = $many_jobs =~ /^\d+$/gm), 30, 'one transaction queues 30 jobs');
cmp_ok(scalar(() = $many_said =~ /no background worker is free/g), '<=', 1, 'with one warning at the most');
ok(wait_for($node, "SELECT count(*) = 30 FROM rs2ddb.job WHERE table_name = '$table' AND state = 'succeeded'"), 'all of them run, without a call');
is(scalar(@{ dynamodb('scan', $table) }), 30, 'and write their items');

# ---- going away -------------------------------------------------------------------------------

$sql->('CREATE DATABASE going_away');
$node->safe_psql('going_away', 'CREATE EXTENSION rs2ddb');
$sql->('DROP DATABASE going_away');
pass('a database with the extension can be dropped');
ok(wait_for($node, no_workers()), 'no worker is left');
$sql->('DROP EXTENSION rs2ddb CASCADE');
is($sql->("SELECT count(*) FROM pg_namespace WHERE nspname = 'rs2ddb'"), '0', 'DROP EXTENSION leaves nothing');
$sql->('CREATE EXTENSION rs2ddb');
is($sql->('SELECT count(*) FROM rs2ddb.job'), '0', 'and the extension can be created again');
$node->stop;

# ---- no worker process of the server is free ---------------------------------------------------

reset_stand_ins();
gateway(slices => 1);
# The launcher of logical replication takes one of the two.
$node = new_node('few_workers', conf => "max_worker_processes = 2\n");
@tables = map { unique('workers') } 1 .. 2;
faults(@held_up);
$first = export_job($node, $query, $tables[0], %key);
ok(wait_until(\&fired), 'a job takes the only worker process, and loads without loaders');
is(scalar(worker_pids($node, 'loader')), 0, 'there is no loader');
($status, $second, $warning) = $node->psql('postgres',
	"SELECT rs2ddb_export('$query', '$tables[1]', server => 'warehouse', key => '{id}')");
like($warning, qr/WARNING: .*no background worker is free: rs2ddb job $second stays queued/, 'the next export warns at its commit');
like($warning, qr/HINT: .*max_worker_processes/, 'and names the setting to raise');
is(job_row($node, $second)->{state}, 'queued', 'its job is queued, not lost');
clear_faults();
complete('the first of few workers', wait_job($node, $first), $tables[0]);
complete('the second, started by a round of rs2ddb_wait', wait_job($node, $second), $tables[1]);

reset_stand_ins();
$node->stop;
done_testing();
