# Credentials that end in mid-job: new ones are found where the old ones came from, and the job goes
# on; without new ones it stops soon, says so, and can be resumed.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.credentials;
CREATE TABLE public.credentials AS SELECT i AS id, md5(i::text)::varchar(40) AS name FROM generate_series(1, 1000) AS i;
SQL
my $query = 'SELECT * FROM credentials';
my $secret = 'Secret/Of+These=Tests';

# Temporary keys, as a role gives them; each has its own id. Returns the options of a user mapping.
my $keys = 0;
sub new_keys
{
	my %key = (access_key_id => sprintf('ASIACREDENTIALS%04d', ++$keys), secret_access_key => $secret, session_token => "token-$keys");
	credentials(%key, @_);
	return { map { ("aws_$_" => $key{$_}) } keys %key };
}

sub expire
{
	my ($mapping) = @_;
	credentials((map { $_ => $mapping->{"aws_$_"} } qw(access_key_id secret_access_key session_token)), expires_at => '2020-01-01T00:00:00Z');
}

# The server's own credentials: a file of its operating system user, not its environment.
my $file = PostgreSQL::Test::Utils::tempdir() . '/aws-credentials';
sub write_file
{
	my ($mapping) = @_;
	open my $out, '>', "$file.new" or die $!;
	print $out "[default]\n", map { "$_ = $mapping->{$_}\n" } sort keys %$mapping;
	close $out;
	rename "$file.new", $file or die $!;
}
my $node = do {
	local %ENV = (%ENV, AWS_SHARED_CREDENTIALS_FILE => $file);
	delete @ENV{qw(AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE)};
	new_node('credentials');
};
my $sql = sub { $node->safe_psql('postgres', $_[0]) };

sub alter_mapping
{
	my ($server, $mapping) = @_;
	$sql->("ALTER USER MAPPING FOR CURRENT_USER SERVER $server OPTIONS (" . join(', ', map { "SET $_ '$mapping->{$_}'" } sort keys %$mapping) . ')');
}

# A job held up in loading by the rules; returns its id and its table.
sub held_up
{
	my ($server, @rules) = @_;
	my $table = unique('credentials');
	faults(@rules);
	my $job = export_job($node, $query, $table, key => q('{id}'), server => "'$server'");
	ok(wait_until(\&fired), 'a job is held up');
	return ($job, $table);
}

my @writes_fail = rule(BatchWriteItem => { type => 'error', status => 500, code => 'InternalServerError' }, times => undef);
my @reads_fail = rule(GetObject => { type => 'error', status => 503, code => 'SlowDown' }, times => undef, path => '_part_');

sub arrived
{
	my ($name, $id, $table) = @_;
	my $job = wait_job($node, $id);
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag("$job->{error_message}\n$job->{error_detail}");
	is($job->{attempt}, 1, "$name: with one UNLOAD");
	ok(ledger_balances($node, $id), "$name: the ledger balances");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

# ---- renewed ----------------------------------------------------------------------------------

for my $case ([ 'the token expires while DynamoDB is written to', @writes_fail ], [ 'the token expires while S3 is read', @reads_fail ])
{
	my ($name, @rules) = @$case;
	my ($old, $new) = (new_keys(), new_keys());
	my $server = "renewed_$keys";
	create_warehouse($node, $server, {}, $old);
	my ($job, $table) = held_up($server, @rules);
	alter_mapping($server, $new);
	expire($old);
	clear_faults();
	arrived($name, $job, $table);
	like(slurp_file($node->logfile), qr/credentials for warehouse "$server" were renewed/, "$name: the log tells");
}
{
	my $name = 'the keys are deleted while the UNLOAD runs';
	my ($old, $new) = (new_keys(), new_keys());
	create_warehouse($node, 'rotated', {}, $old);
	gateway(unload_hold => JSON::PP::true);
	my $table = unique('credentials');
	my $job = export_job($node, $query, $table, key => q('{id}'), server => q('rotated'));
	ok(wait_for($node, "SELECT stage_prefix IS NOT NULL FROM rs2ddb.job WHERE job_id = $job"), "$name: it runs");
	alter_mapping('rotated', $new);
	forget_credentials($old->{aws_access_key_id});
	gateway(unload_hold => JSON::PP::false);
	arrived($name, $job, $table);
}
{
	my $name = "the server's own credentials change";
	my ($old, $new) = (new_keys(), new_keys());
	write_file($old);
	create_warehouse($node, 'own', {}, { aws_access_key_id => undef, aws_secret_access_key => undef });
	my ($job, $table) = held_up('own', @writes_fail);
	write_file($new);
	expire($old);
	clear_faults();
	arrived($name, $job, $table);
}

# ---- not renewed ------------------------------------------------------------------------------

for my $case ([ 'no new keys for DynamoDB', qr/^ExpiredTokenException$/, @writes_fail ], [ 'no new keys for S3', qr/^ExpiredToken$/, @reads_fail ])
{
	my ($name, $code, @rules) = @$case;
	my ($old, $new) = (new_keys(), new_keys());
	my $server = "expired_$keys";
	create_warehouse($node, $server, {}, $old);
	my ($id, $table) = held_up($server, @rules);
	expire($old);
	is($sql->("SELECT state FROM rs2ddb_wait($id, '30 s')"), 'failed', "$name: the job stops soon");
	my $job = job_row($node, $id);
	clear_faults();
	like($job->{error_code}, $code, "$name: with the code of AWS");
	like($job->{error_hint}, qr/expired.*ALTER USER MAPPING.*rs2ddb_resume/, "$name: and what to do");
	cmp_ok(scalar(stage_files($job)), '>', 0, "$name: the files are kept");
	alter_mapping($server, $new);
	$sql->("SELECT rs2ddb_resume($id)");
	arrived("$name, mended", $id, $table);
}
{
	my $name = 'the owner may not use the warehouse any more';
	my ($old, $new) = (new_keys(), new_keys());
	$sql->('CREATE ROLE exporter LOGIN; GRANT EXECUTE ON FUNCTION rs2ddb_export TO exporter');
	create_warehouse($node, 'revoked', {}, $old);
	my $mapping = $sql->("SELECT string_agg(format('%s %L', option_name, option_value), ', ') FROM pg_user_mappings, pg_options_to_table(umoptions) WHERE srvname = 'revoked'");
	$sql->("GRANT USAGE ON FOREIGN SERVER revoked TO exporter; CREATE USER MAPPING FOR exporter SERVER revoked OPTIONS ($mapping)");
	faults(@writes_fail);
	my $id = $sql->("SET SESSION AUTHORIZATION exporter; SELECT rs2ddb_export('$query', '" . unique('credentials') . "', server => 'revoked', key => '{id}')");
	ok(wait_until(\&fired), "$name: a job is held up");
	$sql->("REVOKE USAGE ON FOREIGN SERVER revoked FROM exporter; ALTER USER MAPPING FOR exporter SERVER revoked OPTIONS ("
		. join(', ', map { "SET $_ '$new->{$_}'" } sort keys %$new) . ')');
	expire($old);
	is($sql->("SELECT state FROM rs2ddb_wait($id, '30 s')"), 'failed', "$name: new keys do not help him");
	like(slurp_file($node->logfile), qr/permission denied for foreign server revoked/, "$name: the log tells why");
}

reset_stand_ins();
$node->stop;
done_testing();
