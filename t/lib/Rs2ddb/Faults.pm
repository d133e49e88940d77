# What the tests of failures share: access keys of the front, the marks faults leave, and questions
# about jobs, workers and staging files that they ask again and again.
package Rs2ddb::Faults;

use strict;
use warnings;
use Exporter 'import';
use HTTP::Tiny;
use JSON::PP;
use Rs2ddb;
use Test::More;

our @EXPORT = qw(wait_until ledger_balances unload_states credentials forget_credentials fired all_fired rule
  stage_files worker_pids no_workers job_is_complete);

my $http = HTTP::Tiny->new(timeout => 60);
my $json = JSON::PP->new;

sub _control
{
	my ($method, $path, $body) = @_;
	my %request = defined $body ? (content => $json->encode($body)) : ();
	my $reply = $http->request($method, "$ENV{RS2DDB_FAULTS}$path", \%request);
	die "$method $path: $reply->{status} $reply->{content}" unless $reply->{success};
	return $json->decode($reply->{content});
}

# An access key that the front accepts from now on (test/stack/README.md).
sub credentials { my (%key) = @_; return _control('POST', '/credentials', \%key); }

# The key is unknown from now on.
sub forget_credentials { my ($id) = @_; return _control('DELETE', "/credentials?access_key_id=$id"); }

# How often the front's rules have fired, all together.
sub fired
{
	my $sum = 0;
	$sum += $_->{fired} for @{ _control('GET', '/faults') };
	return $sum;
}

# True when there are rules and each of them has fired.
sub all_fired
{
	my @rules = @{ _control('GET', '/faults') };
	return @rules > 0 && !grep { $_->{fired} == 0 } @rules;
}

# A fault rule: rule(BatchWriteItem => {type => 'delay', ms => 10}, times => 3, nth => 2).
# Names of operations that begin with Get, Put, List, Delete or Head are those of S3.
sub rule
{
	my ($target, $action, %more) = @_;
	my %match = (target => $target);
	my $service = $target =~ /^(?:GetObject|HeadObject|ListObjects|DeleteObject)/ ? 's3' : 'dynamodb';
	$match{$_} = delete $more{$_} for grep { exists $more{$_} } qw(nth path key_prefix table);
	return { service => $service, match => \%match, action => $action, %more };
}

# Waits until the code returns true, for at most 60 seconds; false when it never did. For what the
# stand-ins know: what the server knows is waited for with wait_for.
sub wait_until
{
	my ($code) = @_;
	for (1 .. 600)
	{
		return 1 if $code->();
		select undef, undef, undef, 0.1;
	}
	return 0;
}

# True when every file of the job is done and its rows add up to what the manifest promised.
sub ledger_balances
{
	my ($node, $job) = @_;
	return 't' eq $node->safe_psql($Rs2ddb::database, <<~SQL);
		SELECT bool_and(f.state = 'done' AND f.rows_promised = f.checkpoint AND f.rows_promised =
		           f.items_written + f.rows_collapsed + f.rows_rejected)
		   AND sum(f.rows_promised) = max(j.rows_unloaded)
		   AND max(j.rows_unloaded) = max(j.items_written + j.rows_collapsed + j.rows_rejected)
		FROM rs2ddb.file f JOIN rs2ddb.job j USING (job_id) WHERE job_id = $job
		SQL
}

# What the gateway says of the UNLOADs into a job's prefix: a list of states, oldest first.
sub unload_states
{
	my ($job) = @_;
	return split /\n/, warehouse("SELECT trim(status) FROM redshift.unload_history
		WHERE unloaded_location LIKE '$job->{stage_prefix}%' ORDER BY query_id");
}

# Keys of a job's staging files, manifest included.
sub stage_files
{
	my ($job) = @_;
	return s3_keys($job->{stage_prefix} =~ s{^s3://[^/]+/}{}r);
}

# Process ids of the workers of a kind ('leader', 'loader') that live on the server.
sub worker_pids
{
	my ($node, $kind) = @_;
	return split /\n/, $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'rs2ddb $kind' ORDER BY backend_start");
}

# SQL that is true when no worker of the extension lives.
sub no_workers { return "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'rs2ddb %'"; }

# The job has succeeded with so many UNLOADs, its ledger balances, and the table is equal to the query.
sub job_is_complete
{
	my ($node, $name, $job, $query, $table, $unloads) = @_;
	my $row = job_row($node, $job);
	is($row->{state}, 'succeeded', "$name: the job succeeds") or diag($row->{error_message});
	is($row->{attempt}, $unloads, "$name: UNLOADs: $unloads");
	ok(ledger_balances($node, $job), "$name: the ledger balances");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

1;
