# A request that nobody answered may still be applied by the service, seconds after its connection was closed and after
# it was sent again: an older row of a key must not end up on top of a later one. Later rows of such a key wait, those of
# other keys do not.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.late_writes;
CREATE TABLE public.late_writes (id varchar(20), v varchar(10));
INSERT INTO public.late_writes SELECT 'only-' || i, 'x' FROM generate_series(1, 500) AS i;
INSERT INTO public.late_writes SELECT 'twice-' || i, 'older' FROM generate_series(1, 25) AS i;
INSERT INTO public.late_writes SELECT 'twice-' || i, 'later' FROM generate_series(1, 25) AS i;
INSERT INTO public.late_writes SELECT 'only-' || i, 'x' FROM generate_series(501, 1000) AS i;
SQL
my $query = 'SELECT id, v FROM late_writes';
my $expected = "SELECT id, v FROM late_writes WHERE v <> 'older'";
my $node = new_node('late_writes');
create_warehouse($node, 'hurried', { request_timeout => '2' });
gateway(rows_per_file => 10_000, slices => 1);

# The first request with one of the keys that come twice is applied so long after its connection was closed.
sub first_is_late
{
	my (%action) = @_;
	faults(rule(BatchWriteItem => { type => 'late', %action }, key_prefix => 'twice'));
}

sub newest_wins
{
	my ($name, $server, %action) = @_;
	my $table = unique('late-writes');
	my $before = counters()->{applied_late};
	first_is_late(%action);
	my $job = export_and_wait($node, $query, $table, key => q('{id}'), server => "'$server'", workers => 1);
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag($job->{error_message});
	ok(wait_until(sub { counters()->{applied_late} > $before }), "$name: it was applied late");
	clear_faults();
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	my ($equal, $said) = verify_table($expected, $table, 'id');
	ok($equal, "$name: the table has the last row of each key") or diag($said);
}

newest_wins('after a cut', 'warehouse', ms => 3000);
newest_wins('after a time-out', 'hurried', ms => 3000, cut => JSON::PP::false);

# ---- what is written after the job ----------------------------------------------------------------

{
	my $name = 'keys that come once';
	my $before = counters()->{applied_late};
	faults(rule(BatchWriteItem => { type => 'late', ms => 3000 }, key_prefix => 'only'));
	my $job = export_and_wait($node, "$query WHERE id LIKE 'only%'", unique('late-writes'), key => q('{id}'));
	my $after = counters()->{applied_late};
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag($job->{error_message});
	is($after, $before + 1, "$name: then no request of it comes any more, and the next job may write the same keys");
	clear_faults();
}

# ---- rows of other keys -----------------------------------------------------------------------

{
	my $name = 'other keys';
	my $table = unique('late-writes');
	create_warehouse($node, 'patient', { late_write_grace => '120' });
	first_is_late(ms => 0);
	my $job = export_job($node, $query, $table, key => q('{id}'), server => q('patient'), workers => 1);
	my $items = [];
	my $there = sub { $items = eval { dynamodb('scan', $table) } // []; return @$items >= 1025 };
	ok(wait_until($there), "$name: all keys are in the table while some wait");
	my %count;
	$count{ $_->{v}{S} }++ for @$items;
	is_deeply(\%count, { x => 1000, older => 25 }, "$name: rows behind those that wait are written, those that wait are not");
	is(job_row($node, $job)->{state}, 'loading', "$name: the job goes on");
	$node->safe_psql('postgres', "SELECT rs2ddb_cancel($job)");
	is(wait_job($node, $job)->{state}, 'canceled', "$name: and can be canceled");
}

# ---- the option -------------------------------------------------------------------------------

for my $value ('-1', '301', 'ten')
{
	my ($status, $out, $said) = $node->psql('postgres', "ALTER SERVER patient OPTIONS (SET late_write_grace '$value')");
	like($said, qr/invalid value for option "late_write_grace": "$value"\nHINT:  Use 0 to 300 seconds\./, "late_write_grace $value: refused");
}

done_testing();
