# Secrets go to whom they are meant for, and show up nowhere: certificates are checked, redirects are
# not followed, the server's own files stay closed to plain users, and whatever fails, no text, row,
# activity or log line at DEBUG5 holds a password, key or token.
use strict;
use warnings;
use Cwd ();
use MIME::Base64 ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;
use Rs2ddb::Tls;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.guarded;
CREATE TABLE public.guarded AS SELECT i AS id, ('name ' || i)::varchar(40) AS name FROM generate_series(1, 200) AS i;
SQL
my $query = 'SELECT * FROM guarded';
my %dsn = $ENV{RS2DDB_REDSHIFT_DSN} =~ /(\w+)=(\S+)/g;
my %secret = (
	'warehouse password' => $dsn{password},
	'wrong password' => 'Wr0ng+Pass/word&4041',
	'remote password' => 'Rem0te=Pass word"4041',
	'AWS secret' => 'True/Secret+Of=The4041Key2aaaaaaaaaaaaaa',
	'wrong AWS secret' => 'Wrong/Secret+Of=The4041Keybbbbbbbbbbbbbb',
	'session token' => 'Token4041//' . join('+', 'A' .. 'Z') . '=');

# Certificates: one CA that is trusted here, one that is not.
my ($ca, $other_ca) = (make_ca('test-ca'), make_ca('other-ca'));
my $good = make_certificate($ca, 'good.example', 'IP:127.0.0.1');
my $elsewhere = make_certificate($ca, 'elsewhere.example', 'DNS:elsewhere.example');
my $client = make_certificate($ca, 'certified', 'DNS:client.example');

# The server's operating system user has what libpq would use by itself.
my $passfile = Cwd::abs_path(PostgreSQL::Test::Utils::tempdir()) . '/pgpass';
append_to_file($passfile, "*:*:*:*:$secret{'remote password'}\n");
chmod 0600, $passfile;
local $ENV{PGPASSFILE} = $passfile;
local $ENV{PGSSLCERT} = $client->{crt};
local $ENV{PGSSLKEY} = $client->{key};
my $node = new_node('secrets', conf => "log_min_messages = debug5\nlog_statement = none\n");
delete @ENV{qw(PGPASSFILE PGSSLCERT PGSSLKEY)};
my $log_start = -s $node->logfile;    # before it the postmaster shows its environment
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my @errors;

my %aws = (aws_access_key_id => 'ASIA4041', aws_secret_access_key => $secret{'AWS secret'}, aws_session_token => $secret{'session token'});
credentials(access_key_id => 'ASIA4041', secret_access_key => $secret{'AWS secret'}, session_token => $secret{'session token'});

# Exports by way of a new warehouse; returns the settled job.
sub export_with
{
	my ($server, $mapping, %args) = @_;
	my $name = unique('w') =~ tr/-/_/r;
	create_warehouse($node, $name, $server, { %aws, %$mapping });
	my $job = export_and_wait($node, $query, unique('guarded'), key => q('{id}'), server => "'$name'", %args);
	push @errors, join "\n", map { $job->{$_} // '' } qw(error_message error_detail error_hint);
	return $job;
}

sub fails_with
{
	my ($name, $pattern, @rest) = @_;
	my $job = export_with(@rest);
	is($job->{state}, 'failed', "$name: the job fails");
	like($errors[-1], $pattern, "$name: and says why");
	return $job;
}

# ---- samples of pg_stat_activity, taken all the while -----------------------------------------

$sql->('CREATE TABLE activity (row text); CREATE TABLE enough ()');
my $sampler = $node->background_psql('postgres', timeout => 3600);
$sampler->query_until(qr/sampling/, <<'SQL');
\echo sampling
DO $$ BEGIN LOOP
  PERFORM pg_stat_clear_snapshot();
  INSERT INTO activity SELECT a::text FROM pg_stat_activity a WHERE backend_type LIKE 'rs2ddb%';
  COMMIT;
  EXIT WHEN EXISTS (SELECT FROM pg_class WHERE relname = 'enough_now');
  PERFORM pg_sleep(0.02);
END LOOP; END $$;
SQL

# ---- S3 and DynamoDB over TLS -----------------------------------------------------------------

my ($good_port, $elsewhere_port) = (start_https($good), start_https($elsewhere));
my $untrusted = qr/127\.0\.0\.1:$good_port.*certificate.*(?:issuer|self.signed|authority)/s;
fails_with('a certificate of an unknown authority', $untrusted,
	{ dynamodb_endpoint => "https://127.0.0.1:$good_port" }, {});
fails_with('a certificate of another authority than that of ca_file', $untrusted,
	{ dynamodb_endpoint => "https://127.0.0.1:$good_port", ca_file => $other_ca->{crt} }, {});
fails_with('a certificate for another host', qr/127\.0\.0\.1:$elsewhere_port.*certificate.*(?:host|name)/s,
	{ dynamodb_endpoint => "https://127.0.0.1:$elsewhere_port", ca_file => $ca->{crt} }, {});
fails_with('a certificate that is trusted is talked to, and', qr/reached over TLS/,
	{ dynamodb_endpoint => "https://127.0.0.1:$good_port", ca_file => $ca->{crt} }, {});
fails_with('the same for S3', $untrusted,
	{ s3_endpoint => "https://127.0.0.1:$good_port" }, {});

# ---- redirects --------------------------------------------------------------------------------

my $trap = listen_only();
my $target = 'http://127.0.0.1:' . $trap->sockport . '/';
my $away = start_http("HTTP/1.1 307 Temporary Redirect\r\nLocation: $target\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
my $moved = start_http("HTTP/1.1 301 Moved Permanently\r\nLocation: $target\r\nx-amz-bucket-region: 127.0.0.1:@{[ $trap->sockport ]}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
fails_with('a redirect of DynamoDB', qr/DescribeTable.*307/s, { dynamodb_endpoint => "http://127.0.0.1:$away" }, {});
fails_with('a redirect of S3', qr/\w/, { s3_endpoint => "http://127.0.0.1:$away" }, {});
fails_with('a bucket said to live elsewhere', qr/region/, { s3_endpoint => "http://127.0.0.1:$moved" }, {});
is(was_called($trap), 0, 'no redirect was followed');

# ---- the warehouse over TLS, and what libpq finds by itself -----------------------------------

# A plain PostgreSQL in the warehouse's place: whoever gets in fails at the first Redshift setting.
my $remote = PostgreSQL::Test::Cluster->new('remote');
$remote->init;
$remote->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nssl = on\nssl_cert_file = '$elsewhere->{crt}'\n"
	. "ssl_key_file = '$elsewhere->{key}'\nssl_ca_file = '$ca->{crt}'\npassword_encryption = 'scram-sha-256'\n");
unlink $remote->data_dir . '/pg_hba.conf';
$remote->append_conf('pg_hba.conf', "local all all trust\nhost all trusted 127.0.0.1/32 trust\n"
	. "hostssl all certified 127.0.0.1/32 scram-sha-256 clientcert=verify-full\nhost all secret 127.0.0.1/32 scram-sha-256\n");
$remote->start;
$remote->safe_psql('postgres', "CREATE ROLE $_ LOGIN PASSWORD '$secret{'remote password'}'") for qw(trusted certified secret);
my %remote = (host => '127.0.0.1', port => $remote->port, dbname => 'postgres', sslmode => 'require');
my $got_in = qr/unrecognized configuration parameter/;

my %known = (user => 'secret', password => $secret{'remote password'});
fails_with('a warehouse whose authority is unknown', qr/could not connect to warehouse.*certificate verify failed/s,
	{ %remote, sslmode => 'verify-ca', sslrootcert => $other_ca->{crt} }, \%known);
fails_with('a warehouse whose certificate is for another host', qr/elsewhere\.example.*does not match host name/s,
	{ %remote, sslmode => 'verify-full', sslrootcert => $ca->{crt} }, \%known);
fails_with('a warehouse whose certificate is trusted is talked to', $got_in,
	{ %remote, sslmode => 'verify-ca', sslrootcert => $ca->{crt} }, \%known);

# A plain user's job; his mapping may hold what a superuser put there.
my $number = 0;
sub plain_export
{
	my (%mapping) = @_;
	my $role = 'plain_' . ++$number;
	my $options = join ', ', map { "$_ '$mapping{$_}'" } sort keys %mapping;
	my $server = $role;
	create_warehouse($node, $server, \%remote, {});
	$sql->("CREATE ROLE $role; GRANT EXECUTE ON FUNCTION rs2ddb_export TO $role; GRANT USAGE ON FOREIGN SERVER $server TO $role;
		CREATE USER MAPPING FOR $role SERVER $server OPTIONS ($options)");
	my ($status, $out, $err) = $node->psql('postgres',
		"SET ROLE $role; SELECT rs2ddb_export('$query', 'plain', key => '{id}', server => '$server')");
	push @errors, $err;
	return $err if $status != 0;
	my $job = wait_job($node, $out);
	push @errors, join "\n", map { $job->{$_} // '' } qw(error_message error_detail error_hint);
	return $errors[-1];
}

my %plain_aws = (aws_access_key_id => 'ASIA4041', aws_secret_access_key => $secret{'AWS secret'});
fails_with('a superuser may use the password file of the server', $got_in, \%remote, { user => 'secret', password => undef });
like(plain_export(%plain_aws, user => 'secret'), qr/no option "password"/, 'a plain user may not');
like(plain_export(%plain_aws, user => 'secret', password => $secret{'wrong password'}), qr/password authentication failed/,
	'nor when his own password is wrong');
fails_with('a superuser may use the certificate of the server', $got_in, \%remote, { %known, user => 'certified' });
like(plain_export(%plain_aws, %known, user => 'certified'), qr/client certificate/, 'a plain user may not');
like(plain_export(%plain_aws, %known, user => 'trusted'), qr/did not ask for a password/, 'a plain user may not go where no password is asked for');
like(plain_export(%plain_aws, user => 'trusted', password_required => 'off'), $got_in, 'unless a superuser allowed it');
like(plain_export(%plain_aws, %known), $got_in, 'with his own password he gets in');

# ---- failures that could show a secret --------------------------------------------------------

fails_with('a wrong password', qr/authentication failed/, {}, { password => $secret{'wrong password'} });
fails_with('a wrong AWS secret', qr/signature/i, {}, { aws_secret_access_key => $secret{'wrong AWS secret'} });
fails_with('a wrong session token', qr/token/i, {}, { aws_session_token => $secret{'session token'} . 'x' });
my $unused = do { my $socket = listen_only(); $socket->sockport };
fails_with('a DynamoDB that is not there', qr/127\.0\.0\.1:$unused/, { dynamodb_endpoint => "http://127.0.0.1:$unused" }, {});
fails_with('an S3 that is not there', qr/127\.0\.0\.1:$unused/, { s3_endpoint => "http://127.0.0.1:$unused" }, {});
fails_with('a warehouse that is not there', qr/could not connect/, { host => '127.0.0.1', port => $unused }, {});

# What a proxy or a debugging endpoint would echo of the request.
my $echo = "x-amz-security-token: $secret{'session token'} secret $secret{'AWS secret'}";
for my $case ([ BatchWriteItem => 400, 'AccessDeniedException' ], [ DescribeTable => 400, 'ValidationException' ],
	[ GetObject => 403, 'SignatureDoesNotMatch' ], [ GetObject => 400, 'InvalidToken' ])
{
	my ($target, $status, $code) = @$case;
	faults(rule($target => { type => 'error', status => $status, code => $code, message => $echo }, times => undef));
	fails_with("$code of $target with what was sent", qr/\Q$code\E|token: \*+/, {}, {});
	like($errors[-1], qr/secret \*+/, 'is shown without it') if $errors[-1] =~ /x-amz-security/;
	clear_faults();
}
gateway(unload_error => { sqlstate => 'XX000', message => 'S3ServiceException:Access Denied,Status 403', detail => 'x' });
fails_with('an UNLOAD that S3 refuses', qr/Access Denied/, {}, {});
gateway(unload_error => undef);

my $done = export_with({}, {});
is($done->{state}, 'succeeded', 'and with all the right ones a job succeeds') or diag($errors[-1]);

# ---- options that could change a statement ----------------------------------------------------

warehouse("DROP TABLE IF EXISTS public.guarded_canary; CREATE TABLE public.guarded_canary AS SELECT 1 AS id; GRANT ALL ON public.guarded_canary TO PUBLIC");
my $harm = 'DELETE FROM guarded_canary';
for my $case (
	[ stage => "s3://$ENV{RS2DDB_S3_BUCKET}/it's a \"stage\"'); $harm; --/" ],
	[ stage => "s3://$ENV{RS2DDB_S3_BUCKET}/x' IAM_ROLE default; $harm; --" ],
	[ query_group => "x'; $harm; --" ],
	[ query_group => "x\\'; $harm; --" ],
	[ search_path => "public, \"x\"\"; $harm; --\"" ])
{
	my ($option, $value) = @$case;
	my $job = export_with({ $option => $value }, {}, keep_files => 'true');
	is($job->{state}, 'succeeded', "$option $value is what it says") or diag($errors[-1]);
	like($job->{stage_prefix}, qr/^\Q$value\E/, 'and the files lie there') if $option eq 'stage';
}
is(warehouse('SELECT count(*) FROM public.guarded_canary'), '1', 'and no statement but ours was run');
for my $case ([ iam_role => "arn:aws:iam::123456789012:role/x'; $harm; --" ], [ region => "us-east-1'; $harm; --" ])
{
	my ($option, $value) = map { s/'/''/gr } @$case;
	my ($status, $out, $err) = $node->psql('postgres', "ALTER SERVER warehouse OPTIONS (SET $option '$value')");
	like($err, qr/invalid value for option "$option"/, "$option $case->[1] is refused");
}

# ---- the search -------------------------------------------------------------------------------

$sql->('CREATE TABLE enough_now ()');
$sampler->quit;
my %seen = (
	'the samples of pg_stat_activity' => $sql->('SELECT * FROM activity'),
	'the error texts' => join("\n", @errors),
	'the log at DEBUG5' => slurp_file($node->logfile, $log_start),
	map { ("rs2ddb.$_" => $sql->("SELECT * FROM rs2ddb.$_")) } qw(job file reject event leftover progress));
$seen{"$_, escaped"} = $seen{$_} =~ s/%([0-9A-Fa-f]{2})/chr hex $1/egr for keys %seen;
like($seen{'the samples of pg_stat_activity'}, qr/rs2ddb leader.*rs2ddb job \d+: \w+/s, 'workers were seen at work');
like($seen{'the log at DEBUG5'}, qr/DEBUG:.*rs2ddb job \d+ \([^\n]*\) failed: /s, 'the log has debug messages and failures');
cmp_ok(length $seen{'rs2ddb.job'}, '>', 1000, 'the jobs are there');
for my $what (sort keys %secret)
{
	my @forms = ($secret{$what}, MIME::Base64::encode_base64($secret{$what}, ''), unpack('H*', $secret{$what}));
	my @where = grep { my $text = $seen{$_}; grep { index(lc $text, lc $_) >= 0 } @forms } sort keys %seen;
	is("@where", '', "the $what is nowhere to be seen");
}

reset_stand_ins();
stop_servers();
$node->stop;
$remote->stop;
done_testing();
