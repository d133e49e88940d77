# rs2ddb.leftover: files on S3 that nobody goes on with are never forgotten. Rows of jobs that are deleted, by age or by
# hand, leave their prefix there; leaders that end delete what lies below it.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.leftovers;
CREATE TABLE public.leftovers AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 300) AS i;
SQL
gateway(rows_per_file => 100);
my $node = new_node('leftovers');
my $sql = sub { $node->safe_psql($Rs2ddb::database, $_[0]) };
my $query = 'SELECT * FROM leftovers';
my %key = (key => q('{id}'));
my @refused = rule(BatchWriteItem => { type => 'error', status => 400, code => 'AccessDeniedException' }, times => undef);
my @undeletable = rule(DeleteObjects => { type => 'error', status => 403, code => 'AccessDenied' }, times => undef);

# The row of a job that failed while loading: its files are there.
sub failed_job
{
	my ($name, %more) = @_;
	faults(@refused);
	my $job = export_and_wait($node, $query, unique('leftovers'), %key, %more);
	clear_faults();
	is($job->{state}, 'failed', "$name: a job fails while loading");
	cmp_ok(scalar(stage_files($job)), '>', 1, "$name: its files stay");
	return $job;
}

# A leader that ends, whatever it does meanwhile.
sub a_leader_ends
{
	my (%more) = @_;
	my $job = export_and_wait($node, 'SELECT 1 AS id', unique('leftovers'), %key, %more);
	die "$job->{state}: $job->{error_message}" if $job->{state} ne 'succeeded';
	wait_for($node, no_workers()) or die 'workers stay';
	return $job;
}

sub rows { my ($job) = @_; return $sql->('SELECT count(*) FROM rs2ddb.leftover' . ($job ? " WHERE job = $job->{job_id}" : '')); }
sub row { my ($job, $what) = @_; return $sql->("SELECT $what FROM rs2ddb.leftover WHERE job = $job->{job_id}"); }
sub due { $sql->('UPDATE rs2ddb.leftover SET next_try = now()'); }
sub delete_job { my ($job) = @_; $sql->("DELETE FROM rs2ddb.job WHERE job_id = $job->{job_id}"); }
sub log_since { my ($offset) = @_; return substr(slurp_file($node->logfile), $offset); }

sub is_deleted
{
	my ($name, $job) = @_;
	is(rows($job), '0', "$name: no row is left");
	is(join(' ', stage_files($job)), '', "$name: and no file");
}

# ---- by age -----------------------------------------------------------------------------------

{
	my $name = 'pruned';
	my $job = failed_job($name);
	my $kept = export_and_wait($node, $query, unique('leftovers'), %key, keep_files => 'true');
	is($kept->{state}, 'succeeded', "$name: another succeeds and keeps its files");
	is(rows(), '0', "$name: a job that can be resumed leaves nothing over");
	my $files = $sql->("SELECT count(*), sum(size_bytes) FROM rs2ddb.file WHERE job_id = $job->{job_id}");
	$sql->("UPDATE rs2ddb.job SET finished_at = now() - interval '31 days' WHERE job_id IN ($job->{job_id}, $kept->{job_id})");
	a_leader_ends();
	is($sql->('SELECT count(*) FROM rs2ddb.job'), '1', "$name: a leader prunes both");
	is(row($job, "'s3://' || bucket || '/' || prefix"), $job->{stage_prefix}, "$name: the prefix of the failed job is listed");
	is(row($job, 'files, bytes, owner, server, statement_id IS NULL, last_error IS NULL, next_try <= now()'),
		"$files|$job->{owner}|warehouse|t|t|t", "$name: with what is known of it");
	is(rows($kept), '0', "$name: that of the other is not");
	cmp_ok(scalar(stage_files($job)), '>', 1, "$name: the files are there until then");
	a_leader_ends();
	is_deleted("$name, the next leader", $job);
	cmp_ok(scalar(stage_files($kept)), '>', 1, "$name: files that were to be kept are kept");
}

# ---- by hand ----------------------------------------------------------------------------------

{
	my $name = 'DELETE';
	my $job = failed_job($name);
	$sql->("BEGIN; DELETE FROM rs2ddb.job WHERE job_id = $job->{job_id}; ROLLBACK");
	is(rows(), '0', "$name: rolled back, it leaves nothing over");
	delete_job($job);
	is(rows($job), '1', "$name: its prefix is listed");
	a_leader_ends();
	is_deleted("$name, the next leader", $job);

	my $kept = export_and_wait($node, $query, unique('leftovers'), %key, keep_files => 'true');
	delete_job($kept);
	is(rows(), '0', "$name of a job that has succeeded: nothing is listed");
}
{
	my $name = 'DELETE while its UNLOAD runs';
	gateway(unload_delay_ms => 900_000);
	my $id = export_job($node, $query, unique('leftovers'), %key);
	ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $id"), "$name: a job unloads");
	my $job = job_row($node, $id);
	ok(wait_until(sub { stage_files($job) > 0 }), "$name: some files are written");
	delete_job($job);
	is(row($job, 'statement_id'), $job->{unload_pid}, "$name: the statement is listed, too");
	gateway(unload_delay_ms => 0);
	my $unloads = unloads();
	export_and_wait($node, 'SELECT 1 AS id', unique('leftovers'), %key);
	ok(wait_for($node, no_workers()), "$name: another job ends, and no worker is left");
	is(join(' ', unload_states($job)), 'aborted', "$name: the UNLOAD was stopped");
	is(unloads(), $unloads + 1, "$name: and not tried again, for the job is gone");
	is_deleted($name, $job);
}
{
	my $name = 'three at once';
	my @jobs = map { failed_job("$name, $_") } 1 .. 3;
	delete_job($_) for @jobs;
	a_leader_ends();
	is(rows(), '1', "$name: a leader deletes two");
	a_leader_ends();
	is(rows(), '0', "$name: the next one the third");
	is(join(' ', map { stage_files($_) } @jobs), '', "$name: no file is left");
}

# ---- canceled ---------------------------------------------------------------------------------

{
	my $name = 'canceled';
	faults(@undeletable);
	gateway(unload_delay_ms => 900_000);
	my $id = export_job($node, $query, unique('leftovers'), %key);
	ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $id"), "$name: a job unloads");
	my $job = job_row($node, $id);
	$sql->("SELECT rs2ddb_cancel($id)");
	is(wait_job($node, $id)->{state}, 'canceled', "$name: it is canceled");
	ok(wait_for($node, "SELECT last_error ~ 'may not be deleted' FROM rs2ddb.leftover WHERE job = $id"), "$name: what it left is listed, with the reason");
	is(job_row($node, $id)->{stage_prefix}, undef, "$name: the job has given it up");
	gateway(unload_delay_ms => 0);
	clear_faults();
	$sql->("SELECT rs2ddb_resume($id)");
	is(wait_job($node, $id)->{state}, 'succeeded', "$name: resumed, it succeeds with another prefix");
	is(rows($job), '1', "$name: the old one is still listed");
	due();
	a_leader_ends();
	is_deleted($name, $job);
}

# ---- what fails -------------------------------------------------------------------------------

{
	my $name = 'files that may not be deleted';
	my $offset = -s $node->logfile;
	faults(@undeletable);
	my $job = export_and_wait($node, $query, unique('leftovers'), %key);
	is($job->{state}, 'succeeded', "$name: the job succeeds");
	like(row($job, 'last_error'), qr/may not be deleted/, "$name: they are listed with the reason");
	is(row($job, "statement_id IS NULL AND next_try BETWEEN since + interval '59 s' AND since + interval '61 s'"), 't', "$name: to be tried in a minute");
	delete_job($job);
	is(rows($job), '1', "$name: they stay listed when the job is deleted");
	a_leader_ends() for 1 .. 2;
	clear_faults();
	my @lines = grep { /\Q$job->{stage_prefix}\E/ } split /\n/, log_since($offset);
	is(scalar(@lines), 1, "$name: one line of the log tells") or diag(join "\n", @lines);
	like($lines[0], qr/LOG:  rs2ddb job $job->{job_id}: staging files stay at .*: .*may not be deleted/, "$name: with the reason");
	$sql->("UPDATE rs2ddb.leftover SET since = now() - interval '10 minutes', next_try = now()");
	faults(@undeletable);
	a_leader_ends();
	is(row($job, "next_try BETWEEN now() + interval '9 minutes' AND now() + interval '11 minutes'"), 't', "$name: after ten minutes the next try is ten minutes off");
	$sql->("UPDATE rs2ddb.leftover SET since = now() - interval '10 days', next_try = now() WHERE job = $job->{job_id}");
	a_leader_ends();
	is(row($job, "next_try BETWEEN now() + interval '55 minutes' AND now() + interval '1 hour'"), 't', "$name: and never more than an hour");
	clear_faults();
	due();
	a_leader_ends();
	a_leader_ends();
	is_deleted($name, $job);
	unlike(log_since($offset), qr/ERROR:/, "$name: no error was logged");
	$sql->('DELETE FROM rs2ddb.leftover');
}
{
	my $name = 'a bucket that does not exist';
	create_warehouse($node, 'mistyped', { stage => 's3://no-such-bucket/rs2ddb/' });
	my $offset = -s $node->logfile;
	my $job = export_and_wait($node, $query, unique('leftovers'), %key, server => q('mistyped'));
	is($job->{error_code}, 'NoSuchBucket', "$name: a job fails");
	is(rows(), '0', "$name: nothing is left over");
	$sql->("INSERT INTO rs2ddb.leftover (owner, owner_oid, server, server_oid, bucket, prefix, job, system_identifier, database_oid)
		SELECT owner, owner_oid, server, server_oid, 'gone-bucket', 'rs2ddb/x/', job_id, system_identifier, database_oid FROM rs2ddb.job WHERE job_id = $job->{job_id}");
	a_leader_ends() for 1 .. 2;
	is(rows(), '0', "$name: in one that was deleted neither");
	unlike(log_since($offset), qr/ERROR:/, "$name: no error was logged");
	unlike(log_since($offset), qr/staging files stay/, "$name: nor any line for it");
}
{
	my $name = 'DROP USER MAPPING';
	create_warehouse($node, 'lent');
	my $job = failed_job($name, server => q('lent'));
	my $offset = -s $node->logfile;
	delete_job($job);
	$sql->('ALTER SERVER lent RENAME TO borrowed');
	$sql->('DROP USER MAPPING FOR CURRENT_USER SERVER borrowed');
	a_leader_ends() for 1 .. 3;
	like(row($job, 'last_error'), qr/has no user mapping for warehouse "borrowed"/, "$name: the row says what is missing");
	is(row($job, "next_try > now()"), 't', "$name: and is left alone for a while");
	my @told = log_since($offset) =~ /(no user mapping)/g;
	is(scalar(@told), 1, "$name: so the log tells once");
	unlike(log_since($offset), qr/ERROR:/, "$name: and not as an error");
	cmp_ok(scalar(stage_files($job)), '>', 1, "$name: the files are there");
	$sql->('DROP SERVER borrowed CASCADE');
	create_warehouse($node, 'lent');
	due();
	a_leader_ends();
	is_deleted("$name, with another server by the old name", $job);
}

# ---- a copy of the database -------------------------------------------------------------------

{
	my $name = 'a copy';
	$sql->('CREATE DATABASE original');
	local $Rs2ddb::database = 'original';
	$sql->('CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	my ($left, $failed) = (failed_job($name), failed_job($name));
	delete_job($left);
	ok(wait_for($node, no_workers()), "$name: no worker is left");
	$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE original');
	{
		local $Rs2ddb::database = 'copy';
		is(rows($left), '1', "$name: has the rows of the original");
		delete_job($failed);
		is(rows($failed), '0', "$name: a job that is deleted there leaves nothing over");
		a_leader_ends();
		is(rows($left), '1', "$name: what is listed is not deleted");
		cmp_ok(scalar(stage_files($_)), '>', 1, "$name: the files of the original are there") for $left, $failed;
	}
	a_leader_ends();
	is_deleted("$name, the original", $left);
}

# ---- who may see and give up ------------------------------------------------------------------

{
	my $name = 'privileges';
	$sql->('CREATE ROLE alice; CREATE ROLE bob; CREATE ROLE monitor; GRANT pg_read_all_stats TO monitor');
	my $job = failed_job($name);
	$sql->("UPDATE rs2ddb.job SET owner = 'alice', owner_oid = 'alice'::regrole WHERE job_id = $job->{job_id}");
	delete_job($job);
	is($sql->("SET ROLE $_->[0]; SELECT count(*) FROM rs2ddb.leftover"), $_->[1], "$name: $_->[0] sees $_->[1]") for [ alice => 1 ], [ bob => 0 ], [ monitor => 1 ];
	my (undef, undef, $err) = $node->psql('postgres', 'SET ROLE alice; DELETE FROM rs2ddb.leftover');
	like($err, qr/permission denied/, "$name: an owner may not give up");
	a_leader_ends();
	like(row($job, 'last_error'), qr/permission denied for foreign server|no user mapping/, "$name: files are deleted with the rights of the owner");
	is($sql->('DELETE FROM rs2ddb.leftover RETURNING job'), $job->{job_id}, "$name: a superuser may give up");
	a_leader_ends();
	cmp_ok(scalar(stage_files($job)), '>', 1, "$name: then the files stay");
	(undef, undef, $err) = $node->psql('postgres', 'CREATE TABLE public.mine (job_id bigint); GRANT ALL ON SCHEMA public TO alice; SET ROLE alice;
		CREATE TABLE public.hers (job_id bigint); CREATE TRIGGER t BEFORE DELETE ON public.hers FOR EACH ROW EXECUTE FUNCTION rs2ddb.keep_prefix()');
	like($err, qr/permission denied for function/, "$name: nobody may use the trigger for another table");
}

reset_stand_ins();
$node->stop;
done_testing();
