# The data sets at full size, each attribute of each item verified by the independent verifier; and the
# proof that this verifier would notice one corrupted attribute.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;

reset_stand_ins();
my $node = new_node('data_sets', conf => "rs2ddb.max_workers = 4\n");

my @sets = (
	[ 'airports', 3_376, 'iata' ],
	[ 'zipcodes', 42_049, 'state', 'zip_code' ],
	[ 'birdstrikes', 10_000, 'strike_id' ],
	[ 'movies', 3_201, 'movie_id' ],
	[ 'earthquakes', 1_707, 'id' ],
	[ 'flights', 200_000, 'distance', 'flight_id' ],
	[ 'amazon_reviews', 100_000, 'review_id' ]);
load_tables('--tables', join(',', map { $_->[0] } @sets), '--rows', 100_000, '--flights', 200_000);

my %table;
for my $set (@sets)
{
	my ($source, $rows, @key) = @$set;
	$table{$source} = unique($source);
	my $job = export_and_wait($node, "SELECT * FROM $source", $table{$source}, key => "'{" . join(',', @key) . "}'");
	is(join(' ', @{$job}{qw(state rows_unloaded items_written rows_collapsed rows_rejected)}), "succeeded $rows $rows 0 0",
		"$source: $rows rows, and the ledger balances")
	  or diag($job->{error_message}, ' ', $job->{error_detail} // '');
	is($node->safe_psql('postgres', "SELECT count(*) FROM rs2ddb.file WHERE job_id = $job->{job_id}
		AND (state <> 'done' OR rows_promised <> items_written OR checkpoint <> rows_promised)"), '0', "$source: so does each file's");
}

sub verify
{
	my ($source, $name) = @_;
	my ($set) = grep { $_->[0] eq $source } @sets;
	my ($equal, $text) = verify_table("SELECT * FROM public.$source", $table{$source}, @{$set}[ 2 .. $#$set ]);
	return ($equal, $text);
}

for my $set (@sets)
{
	my ($source, $rows) = @$set;
	my ($equal, $text) = verify($source);
	ok($equal, "$source: every attribute of every item is that of its row") or diag($text);
	like($text, qr/^verify: $rows items verified, 0 differences$/m, "$source: $rows items were compared");
}

# --- the verifier itself ----------------------------------------------------------------------------------

for my $source (qw(airports earthquakes))
{
	my $changed = corrupt($table{$source});
	my ($attribute) = $changed =~ /^  attribute  (.*)$/m;
	my ($equal, $text) = verify($source);
	ok(!$equal, "$source: one corrupted attribute of one item is noticed");
	like($text, qr/, 1 differences$/m, "$source: as one difference") or diag($changed, $text);
	like($text, qr/^ +attribute  \Q$attribute\E(?:[.\[].*)?$/m, "$source: in that attribute") or diag($changed, $text);
	my ($set) = grep { $_->[0] eq $source } @sets;
	export_and_wait($node, "SELECT * FROM $source", $table{$source});
	ok((verify($source))[0], "$source: another export mends it");
}

$node->stop;
reset_stand_ins();
done_testing();
