# What the end-to-end tests share: a private PostgreSQL with a warehouse defined, the faults of
# the stand-ins, the warehouse's own data, and DynamoDB read back by an independent client.
package Rs2ddb;

use strict;
use warnings;
use Exporter 'import';
use HTTP::Tiny;
use JSON::PP;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node create_warehouse warehouse load_tables unloads job_row export_job wait_job
  export_and_wait wait_for try_sql faults clear_faults throttle counters gateway reset_stand_ins dynamodb
  verify_table verify_tables corrupt s3_keys unique);

# The database of the node that the helpers below work in; a test may localize it.
our $database = 'postgres';

my $http = HTTP::Tiny->new(timeout => 60);
my $json = JSON::PP->new->canonical->allow_nonref;
my $count = 0;

# A server with the extension and the warehouse of the stand-ins, owned by the superuser.
sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%{ $options{init} // {} });
	$node->append_conf('postgresql.conf', "max_worker_processes = 16\n");
	$node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION rs2ddb');
	create_warehouse($node, 'warehouse');
	return $node;
}

# A server object for the stand-in warehouse; %changes replace or (undef) leave out options.
sub create_warehouse
{
	my ($node, $name, $server_changes, $mapping_changes) = @_;
	my %dsn = $ENV{RS2DDB_REDSHIFT_DSN} =~ /(\w+)=(\S+)/g;
	my %server = (
		host => $dsn{host}, port => $dsn{port}, dbname => $dsn{dbname}, sslmode => 'disable',
		region => $ENV{AWS_REGION}, iam_role => $ENV{RS2DDB_IAM_ROLE},
		stage => "s3://$ENV{RS2DDB_S3_BUCKET}/rs2ddb/",
		s3_endpoint => $ENV{RS2DDB_S3_ENDPOINT}, dynamodb_endpoint => $ENV{RS2DDB_DYNAMODB_ENDPOINT},
		%{ $server_changes // {} });
	my %mapping = (
		user => $dsn{user}, password => $dsn{password},
		aws_access_key_id => $ENV{AWS_ACCESS_KEY_ID},
		aws_secret_access_key => $ENV{AWS_SECRET_ACCESS_KEY},
		%{ $mapping_changes // {} });
	$node->safe_psql($database, sprintf(
		"CREATE SERVER %s FOREIGN DATA WRAPPER rs2ddb OPTIONS (%s);
		 CREATE USER MAPPING FOR CURRENT_USER SERVER %s OPTIONS (%s)",
		$name, _options(\%server), $name, _options(\%mapping)));
}

sub _options
{
	my ($options) = @_;
	return join ', ', map { "$_ '" . ($options->{$_} =~ s/'/''/gr) . "'" }
	  grep { defined $options->{$_} } sort keys %$options;
}

# Runs SQL straight on the warehouse's own PostgreSQL, as its administrator.
sub warehouse
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $ENV{RS2DDB_WAREHOUSE_ADMIN_DSN}, '-f', '-' ],
		'<', \$sql, '>', \$out, '2>', \$err)
	  or die "warehouse: $err";
	chomp $out;
	return $out;
}

# Loads tables of the test data into the warehouse: arguments of test/stack/warehouse/load.mjs.
sub load_tables
{
	my (@args) = @_;
	my ($ok, $out, $err) = _node_script('', 'test/stack/warehouse/load.mjs', @args);
	die "load: $out$err" unless $ok;
}

# How many UNLOADs the warehouse was ever asked for, refused ones included.
sub unloads { return warehouse('SELECT count(*) FROM redshift.unload_history'); }

# A name nobody used before in this run.
sub unique
{
	my ($prefix) = @_;
	return sprintf '%s-%d-%d', $prefix, $$, ++$count;
}

# The job's row as a hash.
sub job_row
{
	my ($node, $job) = @_;
	return $json->decode($node->safe_psql($database,
			"SELECT row_to_json(j) FROM rs2ddb.job j WHERE job_id = $job"));
}

# Queues an export and returns its job id. %args are named arguments as SQL text.
sub export_job
{
	my ($node, $query, $table, %args) = @_;
	my $more = join '', map { ", $_ => $args{$_}" } sort keys %args;
	$more .= ", server => 'warehouse'" unless exists $args{server};
	return $node->safe_psql($database,
		"SELECT rs2ddb_export(\$rs2ddb_query\$$query\$rs2ddb_query\$, '$table'$more)");
}

# Waits for the end of a job and returns its row as a hash.
sub wait_job
{
	my ($node, $job) = @_;
	$node->safe_psql($database, "SELECT state FROM rs2ddb_wait($job, '5 minutes')");
	return job_row($node, $job);
}

# Queues an export and waits for its end; returns the job's row as a hash.
sub export_and_wait
{
	my ($node, @args) = @_;
	return wait_job($node, export_job($node, @args));
}

# Waits until the SQL returns the wanted text, for at most 60 seconds; false when it never did.
sub wait_for
{
	my ($node, $sql, $wanted) = @_;
	return $node->poll_query_until($database, $sql, $wanted // 't');
}

# What the server says; nothing while it cannot be asked, because it restarts (psql then leaves without
# reading its input, and whoever writes that dies of a broken pipe).
sub try_sql
{
	my ($node, $sql) = @_;
	my ($status, $out) = eval { $node->psql($database, $sql) };
	return defined $status && $status == 0 ? $out : '';
}

sub _call
{
	my ($base, $method, $path, $body) = @_;
	my %request = defined $body ? (content => $json->encode($body),
		headers => { 'content-type' => 'application/json' }) : ();
	my $reply = $http->request($method, "$base$path", \%request);
	die "$method $path: $reply->{status} $reply->{content}" unless $reply->{success};
	return length $reply->{content} && $reply->{content} =~ /^\s*[\[{]/ ? $json->decode($reply->{content}) : undef;
}

# Scripted faults of the front: a list of rules (test/stack/README.md).
sub faults { return _call($ENV{RS2DDB_FAULTS}, 'POST', '/faults', [@_]); }
sub clear_faults { return _call($ENV{RS2DDB_FAULTS}, 'DELETE', '/faults'); }
sub throttle { my (%limits) = @_; return _call($ENV{RS2DDB_FAULTS}, 'POST', '/throttle', \%limits); }
sub counters { return _call($ENV{RS2DDB_FAULTS}, 'GET', '/counters'); }

# Switches of the Redshift gateway (test/stack/gateway/README.md).
sub gateway { my (%switches) = @_; return _call($ENV{RS2DDB_GATEWAY_CONTROL}, 'POST', '/switches', \%switches); }

sub reset_stand_ins
{
	_call($ENV{RS2DDB_FAULTS}, 'DELETE', '/');
	_call($ENV{RS2DDB_GATEWAY_CONTROL}, 'POST', '/reset');
}

sub _node_script
{
	my ($input, @command) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ 'node', @command ], '<', \$input, '>', \$out, '2>', \$err);
	return ($ok, $out, $err);
}

# Reads a DynamoDB table whole with AWS's own client: a list of items as DynamoDB JSON, by key.
sub dynamodb
{
	my ($action, @args) = @_;
	my ($ok, $out, $err) = _node_script('', 't/lib/dynamodb.mjs', $action, @args);
	die "dynamodb $action: $err" unless $ok;
	return [ map { $json->decode($_) } split /\n/, $out ];
}

# The demo's independent verifier: every row of the query against every item of the table.
# Returns (equal, what it printed).
sub verify_table { return verify_tables([@_]); }

# The same for a list of [query, table, key...].
sub verify_tables
{
	my $list = $json->encode([ map {
		my ($query, $table, @key) = @$_;
		{ query => $query, key => \@key, dynamodbTable => $table }
	} @_ ]);
	my ($ok, $out, $err) = _node_script($list, 'demo/verify.mjs', '--list', '-');
	return ($ok, $out . $err);
}

# Changes one attribute of one item, chosen at random; returns what was done.
sub corrupt
{
	my ($table) = @_;
	my ($ok, $out, $err) = _node_script('', 'demo/corrupt.mjs', $table);
	die "corrupt: $err" unless $ok;
	return $out;
}

# Keys of the staging bucket below a prefix.
sub s3_keys
{
	my ($prefix) = @_;
	my ($ok, $out, $err) = _node_script('', 't/lib/s3.mjs', 'list', $prefix);
	die "s3 list: $err" unless $ok;
	return split /\n/, $out;
}

1;
