# ALTER SERVER ... RENAME: a job stays with its server, by oid, whatever it is called and whatever else takes its old
# name. On another system, where oids are others', and when that server is gone, the name counts.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.renamed;
CREATE TABLE public.renamed AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 600) AS i;
SQL
gateway(rows_per_file => 100);
my $node = new_node('server_renamed');
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my $query = 'SELECT * FROM renamed';
my @refused = rule(BatchWriteItem => { type => 'error', status => 400, code => 'AccessDeniedException' }, times => undef);
my @held = rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef);
my $nowhere = { port => '1', s3_endpoint => 'http://127.0.0.1:1', dynamodb_endpoint => 'http://127.0.0.1:1' };

sub server_of { my ($job) = @_; return $sql->("SELECT j.server, s.srvname FROM rs2ddb.job j LEFT JOIN pg_foreign_server s ON s.oid = j.server_oid WHERE job_id = $job"); }

sub failed_job
{
	my ($server) = @_;
	my $table = unique('renamed');
	faults(@refused);
	my $job = export_and_wait($node, $query, $table, key => q('{id}'), server => "'$server'");
	clear_faults();
	is($job->{state}, 'failed', "a job of $server has failed while loading");
	return ($job->{job_id}, $table);
}

sub resumes
{
	my ($name, $job, $table, $unloads) = @_;
	$sql->("SELECT rs2ddb_resume($job)");
	wait_job($node, $job);
	job_is_complete($node, $name, $job, $query, $table, $unloads);
}

# ---- renamed, and its name taken by another -----------------------------------------------------

my ($job, $table) = failed_job('warehouse');
$sql->('ALTER SERVER warehouse RENAME TO house');
create_warehouse($node, 'warehouse', $nowhere);
resumes('renamed', $job, $table, 1);
is(server_of($job), 'warehouse|house', 'the job tells its name at the call, and is with the server');
$sql->('DROP SERVER warehouse CASCADE');

# ---- renamed while the job runs -----------------------------------------------------------------

{
	my $name = 'renamed while it loads';
	my %old = (id => unique('AKID'), secret => 'first');
	my %new = (id => unique('AKID'), secret => 'second');
	credentials(access_key_id => $_->{id}, secret_access_key => $_->{secret}) for \%old, \%new;
	create_warehouse($node, 'moving', {}, { aws_access_key_id => $old{id}, aws_secret_access_key => $old{secret} });
	faults(@held);
	$table = unique('renamed');
	$job = export_job($node, $query, $table, key => q('{id}'), server => q('moving'));
	ok(wait_until(\&fired), "$name: it is held up");
	$sql->("ALTER SERVER moving RENAME TO moved;
		ALTER USER MAPPING FOR CURRENT_USER SERVER moved OPTIONS (SET aws_access_key_id '$new{id}', SET aws_secret_access_key '$new{secret}')");
	forget_credentials($old{id});
	clear_faults();
	wait_job($node, $job);
	job_is_complete($node, $name, $job, $query, $table, 1);
	like(slurp_file($node->logfile), qr/credentials for warehouse "moving" were renewed/, "$name: and has read new keys from its mapping");
}

# ---- a bound that jobs of one server share ------------------------------------------------------

{
	my $name = 'a shared bound';
	$sql->(<<~'SQL');
		CREATE TABLE waited (job_id bigint, file_no integer);
		CREATE FUNCTION note_wait() RETURNS trigger LANGUAGE plpgsql AS
		  $$BEGIN INSERT INTO public.waited VALUES (new.job_id, new.file_no); RETURN new; END$$;
		CREATE TRIGGER note_wait AFTER UPDATE ON rs2ddb.file FOR EACH ROW
		  WHEN (old.state = 'running' AND new.state = 'running') EXECUTE FUNCTION note_wait();
		SQL
	gateway(rows_per_file => 100, slices => 1);
	my %bound = (key => q('{id}'), max_wcu => 1000, workers => 1);
	$table = unique('renamed');
	faults(rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef, key_prefix => '59'));
	my $holding = export_job($node, "$query WHERE id >= 590", $table, %bound, server => q('house'));
	ok(wait_until(\&fired), "$name: a job is held up while it loads");
	$sql->('ALTER SERVER house RENAME TO warehouse');
	my $sharing = export_and_wait($node, "$query WHERE id BETWEEN 200 AND 579", $table, %bound, server => q('warehouse'));
	is($sharing->{state}, 'succeeded', "$name: another loads into its table, from a server with another name by now");
	is($sql->("SELECT min(file_no) FROM waited WHERE job_id = $sharing->{job_id}"), '1', "$name: and goes slowly until the first knows of it");
	clear_faults();
	is(wait_job($node, $holding)->{state}, 'succeeded', "$name: which succeeds, too");
	$sql->('DROP TRIGGER note_wait ON rs2ddb.file; DROP FUNCTION note_wait; DROP TABLE waited');
}

# ---- the name counts ----------------------------------------------------------------------------

($job, $table) = failed_job('warehouse');
$sql->('DROP SERVER warehouse CASCADE');
$sql->("SELECT rs2ddb_resume($job)");
my $row = wait_job($node, $job);
is($row->{state}, 'failed', 'without its server a job fails');
like($row->{error_message}, qr/warehouse "warehouse" does not exist/, 'and names it');
create_warehouse($node, 'warehouse');
resumes('dropped, and made again', $job, $table, 1);
is(server_of($job), 'warehouse|warehouse', 'dropped, and made again: it is with the new one');

# As after a restore: the oid is that of another server here.
create_warehouse($node, 'other', $nowhere);
($job, $table) = failed_job('warehouse');
$sql->("UPDATE rs2ddb.job SET system_identifier = 1, server_oid = (SELECT oid FROM pg_foreign_server WHERE srvname = 'other') WHERE job_id = $job");
resumes('from another system', $job, $table, 2);
is(server_of($job), 'warehouse|warehouse', 'from another system: the oid of another server here does not count');

reset_stand_ins();
$node->stop;
done_testing();
