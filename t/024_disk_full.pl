# The catalog cannot be written, as with a full disk: the job stops with the reason and can be resumed, and no count and no
# reject is lost. Where the disk is full is chosen by triggers that raise its SQLSTATE (53100); in the end no file of the
# database can really become longer.
use strict;
use warnings;
use Cwd ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.full_disk;
CREATE TABLE public.full_disk AS SELECT CASE WHEN i % 100 = 0 THEN '' ELSE 'key ' || i END::varchar(20) AS id,
	md5(i::text)::varchar(40) AS name FROM generate_series(1, 2000) AS i;
SQL
my $query = 'SELECT * FROM full_disk';
my $good = q(SELECT * FROM full_disk WHERE id <> '');
my %args = (key => q('{id}'), max_rejects => 100);

# Preloaded by the server: the disk is full while the flag exists.
my $flag = Cwd::abs_path(PostgreSQL::Test::Utils::tempdir()) . '/full';
my $library = PostgreSQL::Test::Utils::tempdir() . '/full_disk.so';
system_or_bail($ENV{CC} // 'cc', '-shared', '-fPIC', '-o', $library, 't/lib/full_disk.c', '-ldl');
my $node = do {
	local @ENV{qw(LD_PRELOAD FULL_DISK_FLAG)} = ($library, $flag);
	new_node('full_disk');
};
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
$sql->(<<'SQL');
CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = '53100', HINT = 'Check free disk space.';
END $$
SQL

# From now on the disk is full for these statements: [name of the table, event and condition].
my @full;
sub disk_is_full
{
	for (@_)
	{
		my ($table, $event, $when) = @$_;
		push @full, $table;
		$sql->("CREATE TRIGGER disk_full BEFORE $event ON rs2ddb.$table FOR EACH ROW WHEN ($when) EXECUTE FUNCTION disk_full()");
	}
}

sub disk_is_free { $sql->("DROP TRIGGER disk_full ON rs2ddb.$_") for splice @full; }

sub stops_with_the_reason
{
	my ($name, $job) = @_;
	my $row = wait_job($node, $job);
	is($row->{state}, 'failed', "$name: the job stops");
	like($row->{error_message}, qr/No space left on device/, "$name: with the reason");
	is($row->{error_sqlstate}, '53100', "$name: and its SQLSTATE");
	like($row->{error_hint}, qr/free disk space/, "$name: and what to do");
	ok(wait_for($node, no_workers()), "$name: no worker goes on trying");
	is($sql->("SELECT count(*) FROM rs2ddb.file WHERE job_id = $job AND state = 'running'"), '0', "$name: no file is left as if it were loaded");
	is($sql->("SELECT count(*) FROM rs2ddb.file WHERE job_id = $job AND items_written + rows_collapsed + rows_rejected <> checkpoint"), '0',
		"$name: counts and checkpoints agree");
	is($sql->("SELECT count(*) FROM rs2ddb.file f WHERE job_id = $job AND rows_rejected <> (SELECT count(*) FROM rs2ddb.reject r
		WHERE r.job_id = f.job_id AND r.file_no = f.file_no AND row_number <= checkpoint)"), '0', "$name: so do rejects");
}

sub goes_on
{
	my ($name, $job, $table) = @_;
	disk_is_free();
	$sql->("SELECT rs2ddb_resume($job)");
	my $row = wait_job($node, $job);
	is("$row->{state} $row->{attempt}", 'succeeded 1', "$name: resumed, the job succeeds without another UNLOAD") or diag($row->{error_message});
	ok(ledger_balances($node, $job), "$name: the ledger balances");
	is($row->{rows_rejected}, 20, "$name: every reject is counted");
	is($sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $job AND code = 'key_empty'"), '20', "$name: and kept");
	my ($equal, $said) = verify_table($good, $table, 'id');
	ok($equal, "$name: every other row has arrived") or diag($said);
}

for my $workers (4, 1)
{
	my $who = $workers == 1 ? 'the leader loads' : 'loaders load';
	$node->append_conf('postgresql.conf', "rs2ddb.max_workers = $workers");
	$node->reload;
	ok(wait_for($node, 'SHOW rs2ddb.max_workers', $workers), $who);
	for my $case ([ 'no room for a reject', [ reject => 'INSERT', 'NEW.row_number > 50' ] ],
		[ 'no room for progress', [ file => 'UPDATE', 'NEW.checkpoint > 0' ] ],
		[ 'no room to give files back, at first', [ reject => 'INSERT', 'true' ],
			[ file => 'UPDATE', "NEW.state = 'pending' AND nextval('gave_back') = 1" ] ])
	{
		my ($what, @triggers) = @$case;
		my $name = "$what, $who";
		my $table = unique('full-disk');
		$sql->('DROP SEQUENCE IF EXISTS gave_back; CREATE SEQUENCE gave_back');
		gateway(rows_per_file => 250, slices => 4);
		disk_is_full(@triggers);
		my $job = export_job($node, $query, $table, %args);
		stops_with_the_reason($name, $job);
		goes_on($name, $job, $table);
	}
}

# ---- nothing at all can be written ------------------------------------------------------------

my $name = 'no room for anything';
my $table = unique('full-disk');
faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef, nth => 5));
my $job = export_job($node, $query, $table, %args);
ok(wait_until(\&fired), "$name: a job loads");
my $offset = -s $node->logfile;
disk_is_full(map { [ $_ => 'INSERT OR UPDATE', 'true' ] } qw(job file reject event));
clear_faults();
ok(wait_for($node, no_workers()), "$name: its workers end");
like(substr(slurp_file($node->logfile), $offset), qr/ERROR:  could not extend file.*No space left/, "$name: the log has the reason");
is(job_row($node, $job)->{state}, 'loading', "$name: the job is as it was");
goes_on($name, $job, $table);

# ---- no file can become longer ----------------------------------------------------------------

# Each reject keeps its row, which does not compress: the catalog grows with every few of them.
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.full_disk_wide;
CREATE TABLE public.full_disk_wide AS SELECT CASE WHEN i % 3 = 0 THEN '' ELSE 'key ' || i END::varchar(20) AS id,
	(SELECT string_agg(md5((i * 1000 + k)::text), '') FROM generate_series(1, 100) AS k)::varchar(4000) AS wide FROM generate_series(1, 600) AS i;
SQL
for my $held (1, 0)
{
	$name = $held ? 'no block left, while files are loaded' : 'no block left, from the beginning of loading';
	$table = unique('full-disk');
	gateway(rows_per_file => 100, slices => 2);
	faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef, nth => 3)) if $held;
	gateway(unload_hold => JSON::PP::true) if !$held;
	$job = export_job($node, 'SELECT * FROM full_disk_wide', $table, key => q('{id}'), max_rejects => 300);
	ok($held ? wait_until(\&fired) : wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), "$name: a job is there");
	$offset = -s $node->logfile;
	append_to_file($flag, '');
	clear_faults();
	gateway(unload_hold => JSON::PP::false);
	ok(wait_for($node, no_workers()), "$name: its workers end");
	unlink $flag or die $!;
	like(substr(slurp_file($node->logfile), $offset), qr/could not extend file "base.*No space left on device/, "$name: the disk was full");
	my $row = job_row($node, $job);
	like("$row->{state} " . ($row->{error_message} // ''), qr/^(?:failed could not extend file|(?:unloading|loading|finishing) $)/,
		"$name: the job stops with the reason, or is as it was");
	$sql->("SELECT rs2ddb_resume($job)");
	$row = wait_job($node, $job);
	is("$row->{state} $row->{attempt}", 'succeeded 1', "$name: resumed, the job succeeds without another UNLOAD") or diag($row->{error_message});
	ok(ledger_balances($node, $job), "$name: the ledger balances");
	is($row->{rows_rejected} . ' ' . $sql->("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $job AND octet_length(item) > 3000"), '200 200',
		"$name: every reject is counted and kept");
	my ($equal, $said) = verify_table(q(SELECT * FROM full_disk_wide WHERE id <> ''), $table, 'id');
	ok($equal, "$name: every other row has arrived") or diag($said);
}

reset_stand_ins();
$node->stop;
done_testing();
