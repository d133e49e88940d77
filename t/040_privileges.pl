# Who may act, and with whose rights and secrets: what is checked again when a job runs, what is lent
# and what is not, and that workers run nothing that a user made.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.privileged;
CREATE TABLE public.privileged AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 100) AS i;
SQL
my $query = 'SELECT * FROM privileged';
my %dsn = $ENV{RS2DDB_REDSHIFT_DSN} =~ /(\w+)=(\S+)/g;
my %aws = (aws_access_key_id => $ENV{AWS_ACCESS_KEY_ID}, aws_secret_access_key => $ENV{AWS_SECRET_ACCESS_KEY});

# One worker only: while a job holds it, all others are queued, and much can change before they run.
# The server's own AWS credentials are in its environment.
my $node = new_node('privileges', conf => 'rs2ddb.max_workers = 1');
my $sql = sub { $node->safe_psql($Rs2ddb::database, $_[0]) };
my $functions = 'rs2ddb_export, rs2ddb_wait, rs2ddb_cancel, rs2ddb_resume';

# A role that may export from the warehouse with this mapping; NOLOGIN, as all of them.
sub role
{
	my ($name, %mapping) = @_;
	my $options = join ', ', map { "$_ '$mapping{$_}'" } sort keys %mapping;
	$sql->("CREATE ROLE $name NOLOGIN;
		GRANT EXECUTE ON FUNCTION $functions TO $name; GRANT USAGE ON FOREIGN SERVER warehouse TO $name;
		CREATE USER MAPPING FOR $name SERVER warehouse OPTIONS ($options)");
}

sub export_as
{
	my ($role, $table, $server) = @_;
	return $sql->("SET ROLE $role; SELECT rs2ddb_export('$query', '$table', key => '{id}', server => '" . ($server // 'warehouse') . "')");
}

# The error that the export gives at once.
sub refused_as
{
	my ($role) = @_;
	my ($status, $out, $err) = $node->psql($Rs2ddb::database,
		"SET ROLE $role; SELECT rs2ddb_export('$query', 'refused', key => '{id}', server => 'warehouse')");
	return $status == 0 ? "job $out" : $err;
}

# A job that holds the only worker until it is canceled.
sub hold_worker
{
	gateway(unload_delay_ms => 900_000, fault_unloads => 1);
	my $job = export_job($node, $query, unique('held'), key => q('{id}'));
	wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job") or die 'no job is held';
	return $job;
}

sub let_go
{
	my ($job) = @_;
	$sql->("SELECT rs2ddb_cancel($job)");
	is(wait_job($node, $job)->{state}, 'canceled', 'the worker is free');
	gateway(unload_delay_ms => 0, fault_unloads => 0);
}

my %own = (user => $dsn{user}, password => $dsn{password}, %aws);

# ---- what changes between the call and the run ------------------------------------------------

role($_, %own) for qw(revoked unmapped keyless passwordless steady renamed);
$sql->("CREATE ROLE demoted SUPERUSER NOLOGIN; CREATE USER MAPPING FOR demoted SERVER warehouse OPTIONS (user '$dsn{user}', password '$dsn{password}')");
my $held = hold_worker();
my %queued = map { $_ => export_as($_, unique($_)) } qw(revoked unmapped keyless passwordless steady renamed demoted);
is($sql->("SELECT count(*) FROM rs2ddb.job WHERE state = 'queued'"), 7, 'jobs of seven owners wait');
$sql->('REVOKE USAGE ON FOREIGN SERVER warehouse FROM revoked');
$sql->('DROP USER MAPPING FOR unmapped SERVER warehouse');
$sql->('ALTER USER MAPPING FOR keyless SERVER warehouse OPTIONS (DROP aws_access_key_id, DROP aws_secret_access_key)');
$sql->('ALTER USER MAPPING FOR passwordless SERVER warehouse OPTIONS (DROP password)');
$sql->("ALTER ROLE demoted NOSUPERUSER; GRANT USAGE ON FOREIGN SERVER warehouse TO demoted");
$sql->('ALTER ROLE renamed RENAME TO otherwise; CREATE ROLE renamed');
let_go($held);
my %ended = map { $_ => wait_job($node, $queued{$_}) } sort keys %queued;
for my $case (
	[ revoked => '42501', qr/permission denied for foreign server warehouse/ ],
	[ unmapped => '42704', qr/no user mapping/ ],
	[ keyless => 'HV00J', qr/no option "aws_access_key_id"/ ],
	[ passwordless => 'HV00J', qr/no option "password"/ ],
	[ demoted => 'HV00J', qr/no option "aws_access_key_id"/ ])
{
	my ($role, $sqlstate, $message) = @$case;
	is("$ended{$role}{state} $ended{$role}{error_sqlstate}", "failed $sqlstate", "$role before the run: the job fails");
	like($ended{$role}{error_message}, $message, "$role: and says why");
	is($ended{$role}{attempt}, 0, "$role: nothing was unloaded");
}
for my $case ([ steady => 'an owner who cannot log in' ], [ renamed => 'an owner who was renamed' ])
{
	my ($role, $name) = @$case;
	is($ended{$role}{state}, 'succeeded', "the job of $name runs") or diag($ended{$role}{error_message});
	my ($equal, $said) = verify_table($query, $ended{$role}{table_name}, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}
$sql->('GRANT USAGE ON FOREIGN SERVER warehouse TO revoked');
$sql->("SET ROLE revoked; SELECT rs2ddb_resume($queued{revoked})");
is(wait_job($node, $queued{revoked})->{state}, 'succeeded', 'with USAGE again, it can be resumed');

# ---- what changes while the job runs ----------------------------------------------------------

$node->append_conf('postgresql.conf', 'rs2ddb.max_workers = 4');
$node->reload;
ok(wait_for($node, 'SHOW rs2ddb.max_workers', 4), 'there are workers for loaders');

# A job whose UNLOAD goes on until go_on is called; its id.
sub unloading_as
{
	my ($role) = @_;
	gateway(unload_hold => JSON::PP::true);
	my $job = export_as($role, unique($role));
	ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), "a job of $role unloads");
	return $job;
}

sub go_on
{
	my ($job) = @_;
	gateway(unload_hold => JSON::PP::false);
	return wait_job($node, $job);
}

my $loading = unloading_as('revoked');
$sql->('REVOKE USAGE ON FOREIGN SERVER warehouse FROM revoked');
my $refused = go_on($loading);
is("$refused->{state} $refused->{error_sqlstate}", 'failed 42501', 'USAGE is taken away during the UNLOAD: no loader begins');
like($refused->{error_message}, qr/permission denied for foreign server warehouse/, 'and the job says why');
$sql->('GRANT USAGE ON FOREIGN SERVER warehouse TO revoked');
$sql->("SET ROLE revoked; SELECT rs2ddb_resume($loading)");
my $loaded = wait_job($node, $loading);
is("$loaded->{state} $loaded->{attempt}", 'succeeded 1', 'with USAGE again it is resumed, without another UNLOAD');
my ($equal, $said) = verify_table($query, $loaded->{table_name}, 'id');
ok($equal, 'and every row has arrived') or diag($said);

role('leaving', %own);
$loading = unloading_as('leaving');
$sql->('DROP OWNED BY leaving; DROP ROLE leaving');
$refused = go_on($loading);
is("$refused->{state} $refused->{error_sqlstate}", 'failed 42704', 'the owner is dropped during the UNLOAD: the job fails');
like($refused->{error_message}, qr/role "leaving", the owner of the job, does not exist any more/, 'and says why');
is($sql->("SELECT rs2ddb_cancel($loading), count(*) FROM rs2ddb.file WHERE job_id = $loading AND state = 'running'"), 'f|0', 'nothing of it goes on');
$node->append_conf('postgresql.conf', 'rs2ddb.max_workers = 1');
$node->reload;
ok(wait_for($node, 'SHOW rs2ddb.max_workers', 1), 'one worker again');

# ---- names that need quotes -------------------------------------------------------------------

{
	my ($role, $server) = (q("Ol'Mc""Donald; --"), q("ware'house"" $1 \\"));
	create_warehouse($node, $server);
	$sql->("CREATE ROLE $role; GRANT EXECUTE ON FUNCTION $functions TO $role; GRANT USAGE ON FOREIGN SERVER $server TO $role;
		CREATE USER MAPPING FOR $role SERVER $server OPTIONS (" . join(', ', map { "$_ '$own{$_}'" } sort keys %own) . ')');
	my $name = $server =~ s/^"|"$//gr =~ s/""/"/gr =~ s/'/''/gr;
	my $quoted = wait_job($node, export_as($role, unique('quoted'), $name));
	is($quoted->{state}, 'succeeded', 'a role and a warehouse may have names full of quotes') or diag($quoted->{error_message});
	is($quoted->{owner}, q(Ol'Mc"Donald; --), 'which are names and nothing else');
	is($sql->("SET ROLE $role; SELECT count(*) FROM rs2ddb.job"), 1, 'and its own job is what the role sees');
	$sql->("DROP SERVER $server CASCADE");
}

# ---- the server's own AWS credentials ---------------------------------------------------------

role('borrower', user => $dsn{user}, password => $dsn{password});
like(refused_as('borrower'), qr/user mapping for warehouse "warehouse" has no option "aws_access_key_id"/,
	'without AWS keys of his own nobody gets those of the server');
$sql->("ALTER SERVER warehouse OPTIONS (ADD server_credentials 'on')");
my $job = wait_job($node, export_as('borrower', unique('borrowed')));
is($job->{state}, 'succeeded', 'unless a superuser has lent them') or diag($job->{error_message});
$held = hold_worker();
my $late = export_as('borrower', unique('borrowed'));
$sql->('ALTER SERVER warehouse OPTIONS (DROP server_credentials)');
let_go($held);
like(wait_job($node, $late)->{error_message}, qr/no option "aws_access_key_id"/, 'what was lent is asked for again when the job runs');

# ---- a mapping for PUBLIC ---------------------------------------------------------------------

$sql->("CREATE ROLE guest NOLOGIN; GRANT EXECUTE ON FUNCTION $functions TO guest");
role('bare', user => $dsn{user});
$sql->('CREATE USER MAPPING FOR PUBLIC SERVER warehouse OPTIONS (' . join(', ', map { "$_ '$own{$_}'" } sort keys %own) . ')');
like(refused_as('guest'), qr/permission denied for foreign server warehouse/, 'a mapping for PUBLIC lets nobody in who has no USAGE');
$sql->('GRANT USAGE ON FOREIGN SERVER warehouse TO guest');
is(wait_job($node, export_as('guest', unique('guest')))->{state}, 'succeeded', 'it lends its secrets to a role without a mapping');
is($sql->('SET ROLE guest; SELECT count(*) FROM pg_user_mappings WHERE umoptions IS NOT NULL'), 0, 'which does not see them');
like(refused_as('bare'), qr/no option "password"/, 'and not to one whose own mapping lacks some');
$sql->('DROP USER MAPPING FOR PUBLIC SERVER warehouse');
like(refused_as('guest'), qr/no user mapping/, 'without it that role gets nowhere');

# ---- nothing of a user is run by a worker -----------------------------------------------------

# Whatever name is looked up in his schemas finds his function, which leaves its mark.
$sql->(<<'SQL');
CREATE ROLE mallory;
CREATE SCHEMA traps AUTHORIZATION mallory;
CREATE TABLE public.ran (what text, as_whom name);
GRANT INSERT ON public.ran TO PUBLIC;
GRANT USAGE ON SCHEMA traps TO PUBLIC;
SET ROLE mallory;
CREATE FUNCTION traps.mark(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO public.ran VALUES ($1, current_user)';
CREATE FUNCTION traps.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM traps.mark('pg_notify'); END $$;
CREATE FUNCTION traps.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM traps.mark('clock_timestamp'); RETURN pg_catalog.now(); END $$;
CREATE FUNCTION traps.count(bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM traps.mark('count'); RETURN 0; END $$;
CREATE FUNCTION traps.texts(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM traps.mark('text ='); RETURN pg_catalog.texteq($1, $2); END $$;
CREATE FUNCTION traps.numbers(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM traps.mark('bigint ='); RETURN pg_catalog.int8eq($1, $2); END $$;
CREATE FUNCTION traps.names(name, name) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM traps.mark('name ='); RETURN pg_catalog.nameeq($1, $2); END $$;
CREATE OPERATOR traps.= (LEFTARG = text, RIGHTARG = text, FUNCTION = traps.texts);
CREATE OPERATOR traps.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = traps.texts);
CREATE OPERATOR traps.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = traps.numbers);
CREATE OPERATOR traps.= (LEFTARG = name, RIGHTARG = name, FUNCTION = traps.names);
CREATE TYPE traps.numeric AS (x int);
CREATE TABLE traps.job (job_id bigint);
CREATE TABLE traps.file (job_id bigint);
SQL
is($sql->(q(SET search_path = traps, pg_catalog; SELECT 'a' = 'a'::text; SELECT count(*) > 0 FROM public.ran)), "t\nt", 'the traps work');
$sql->('DELETE FROM public.ran; ALTER DATABASE postgres SET search_path = traps, pg_catalog, public');
$job = $sql->("SET ROLE steady; SELECT rs2ddb_export('$query', '" . unique('trapped') . "', key => '{id}', server => 'warehouse')");
is(wait_job($node, $job)->{state}, 'succeeded', 'a job runs in a database with a search path full of traps');
$sql->("SET ROLE steady; SELECT count(*) FROM rs2ddb.progress; SELECT job_id FROM rs2ddb.job; SELECT rs2ddb_cancel($job)");
$sql->('ALTER DATABASE postgres RESET search_path');
is($sql->('SELECT * FROM public.ran'), '', 'and none of them was stepped into');

# ---- a schema of our name that is not ours ----------------------------------------------------

$sql->('CREATE DATABASE usurped OWNER mallory');
{
	local $Rs2ddb::database = 'usurped';
	$sql->('CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	my $held = hold_worker();
	my $leader = $sql->("SELECT leader_pid FROM rs2ddb.job WHERE job_id = $held");
	$sql->("CREATE TABLE public.copy AS TABLE rs2ddb.job; CREATE TABLE public.copy_of_files AS TABLE rs2ddb.file;
		CREATE TABLE public.copy_of_events AS TABLE rs2ddb.event; CREATE TABLE public.ran (as_whom name);
		GRANT ALL ON public.copy, public.copy_of_files, public.copy_of_events, public.ran TO mallory; DROP EXTENSION rs2ddb CASCADE");
	$sql->(<<'SQL');
SET ROLE mallory;
CREATE SCHEMA rs2ddb;
CREATE TABLE rs2ddb.job AS TABLE public.copy;
CREATE TABLE rs2ddb.file AS TABLE public.copy_of_files;
CREATE TABLE rs2ddb.event AS TABLE public.copy_of_events;
CREATE FUNCTION rs2ddb.mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ran VALUES (current_user); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON rs2ddb.job DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rs2ddb.mark();
CREATE TRIGGER early AFTER UPDATE ON rs2ddb.job FOR EACH STATEMENT EXECUTE FUNCTION rs2ddb.mark();
SQL
	$sql->("SELECT pg_cancel_backend($leader)");
	ok(wait_for($node, no_workers()), 'a worker whose extension was dropped ends');
	is($sql->('SELECT DISTINCT as_whom FROM public.ran'), '', 'and touches no schema that took the place of its own');
	gateway(unload_delay_ms => 0, fault_unloads => 0);
}

# ---- what an installation with generous defaults opens ----------------------------------------

$sql->('CREATE DATABASE generous');
{
	local $Rs2ddb::database = 'generous';
	$sql->(<<'SQL');
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
CREATE EXTENSION rs2ddb;
SQL
	is($sql->("SELECT string_agg(DISTINCT privilege_type, ',') FROM pg_class c, LATERAL aclexplode(relacl) WHERE relnamespace = 'rs2ddb'::regnamespace AND grantee = 0"),
		'SELECT', 'PUBLIC may only look, whatever the default privileges');
	is($sql->("SELECT string_agg(privilege_type, ',') FROM pg_namespace, LATERAL aclexplode(nspacl) WHERE nspname = 'rs2ddb' AND grantee = 0"),
		'USAGE', 'and only use the schema');
	is($sql->("SELECT count(*) FROM pg_proc WHERE proname LIKE 'rs2ddb%' AND has_function_privilege('mallory', oid, 'EXECUTE')"), 0, 'and call nothing');
}

# ---- and what one with hardened defaults closes ------------------------------------------------

$sql->('CREATE DATABASE hardened');
{
	local $Rs2ddb::database = 'hardened';
	$sql->(<<'SQL');
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;
CREATE EXTENSION rs2ddb;
SQL
	is($sql->("SET ROLE mallory; SELECT count(*) FROM rs2ddb.$_"), 0, "PUBLIC may look at rs2ddb.$_, whatever the default privileges")
	  for qw(job file reject event leftover progress);
}

# ---- NOTIFY -----------------------------------------------------------------------------------

my $listener = $node->background_psql('postgres');
$listener->query_safe('SET ROLE mallory; LISTEN rs2ddb');
wait_job($node, export_as('steady', unique('heard')));
my ($heard) = $listener->query('SELECT 1');
like($heard, qr/Asynchronous notification "rs2ddb"/, 'everybody hears that a job moves');
is(scalar(grep { !/^\{"job" : \d+, "event" : \d+, "state" : "\w+"\}$/ } $heard =~ /with payload "(.*)" received/g), 0, 'and nothing else of it');
is($sql->('SET ROLE mallory; SELECT count(*) FROM rs2ddb.event'), 0, 'for he sees no event');
$listener->quit;

reset_stand_ins();
$node->stop;
done_testing();
