# Any query as it is typed, and what is refused: with a clear error, and without anything of it executed.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;

reset_stand_ins();
my $node = new_node('queries', conf => "rs2ddb.max_workers = 8\n");

# query_touch() leaves a mark whenever a statement that calls it is executed, committed or not; the etl
# role may delete from query_canary, so a statement that breaks out would empty it.
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.query_rows, public.query_canary;
DROP SEQUENCE IF EXISTS public.query_marks CASCADE;
CREATE TABLE public.query_rows AS SELECT g AS id, 'name ' || g AS name FROM generate_series(1, 30) g;
CREATE TABLE public.query_canary AS SELECT 1 AS id;
GRANT ALL ON public.query_canary TO etl;
CREATE SEQUENCE public.query_marks;
CREATE OR REPLACE FUNCTION public.query_touch() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS
  $$ SELECT nextval('public.query_marks') $$;
SQL

# How often DynamoDB was asked to write or to make a table.
sub writes
{
	my $requests = counters()->{requests}{dynamodb};
	return map { $requests->{$_} // 0 } qw(BatchWriteItem CreateTable);
}

sub marks { return warehouse('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM public.query_marks'); }

# Exports run side by side, a few at a time; what they must bring is looked at together.
my @begun;

sub settle_begun
{
	my %job = map { $_->{job} => wait_job($node, $_->{job}) } @begun;
	my @good = grep { $job{ $_->{job} }{state} eq 'succeeded' } @begun;
	my %items = map { $_->{table} => [] } @good;
	if (@good) { push @{ $items{ $_->{table} } }, $_->{item} for @{ dynamodb('items', sort keys %items) }; }
	$_->{check}->($job{ $_->{job} }, $items{ $_->{table} }) for splice @begun;
}

sub begin
{
	my ($query, $table, $key, $check) = @_;
	push @begun, { table => $table, check => $check,
		job => export_job($node, $query, $table, defined $key ? (key => qq('{"$key"}')) : ()) };
	settle_begun() if @begun == 4;
}

# The export brings these items: { key => the other attributes }.
sub arrives
{
	my ($query, $expected, $name, $key) = @_;
	$key //= 'id';
	begin($query, unique('query'), $key, sub {
		my ($job, $items) = @_;
		my $found = { map { (values %{ delete $_->{$key} })[0] => $_ } @{ $items // [] } };
		is_deeply($found, $expected, $name) or diag("$job->{state}: " . ($job->{error_message} // ''));
	});
}

# The export brings items with these keys, in the order of numbers.
sub ids
{
	my ($query, $expected, $name) = @_;
	begin($query, unique('query'), 'id', sub {
		my ($job, $items) = @_;
		is(join(' ', sort { $a <=> $b } map { $_->{id}{N} } @{ $items // [] }), $expected, $name)
		  or diag("$job->{state}: " . ($job->{error_message} // ''));
	});
}

my $one = { 1 => { name => { S => 'name 1' } } };
my $first = 'SELECT id, name FROM query_rows WHERE id = 1';

# --- shapes of a query --------------------------------------------------------------------------------

arrives($first, $one, 'a plain query');
arrives("$first;", $one, 'a semicolon at the end');
arrives("$first ; ;; \n ", $one, 'several semicolons and blanks at the end');
arrives("$first -- the end", $one, 'a line comment at the end, without a line break');
arrives("$first; -- the end; of it", $one, 'a semicolon, then a line comment with another one');
arrives("$first /* the ; end */", $one, 'a block comment at the end');
arrives("$first /* outer /* inner */ ) */ ;", $one, 'nested block comments with a parenthesis in them');
arrives("-- first\n/* second ' \" */ $first", $one, 'comments before the query, with quotes in them');
arrives("-- it's ( unbalanced\n$first", $one, 'a parenthesis in a comment does not count');
arrives("($first)", $one, 'a query in parentheses');
arrives("(($first)) -- twice", $one, 'a query in parentheses, twice');
arrives("\t\r\n  SeLeCt id, name FROM query_rows WHERE id = 1", $one, 'blanks and any case');
arrives("WITH q AS (SELECT * FROM query_rows), r(id, name) AS (SELECT id, name FROM q WHERE id = 1) SELECT * FROM r",
	$one, 'common table expressions');
arrives("SELECT * FROM (SELECT id, name FROM query_rows WHERE id IN (SELECT min(id) FROM query_rows)) AS q", $one, 'subqueries');
ids("SELECT id FROM query_rows WHERE id = 1 UNION ALL SELECT 2 UNION SELECT 3", '1 2 3', 'UNION');
ids("(SELECT id FROM query_rows WHERE id < 3) UNION ALL (SELECT id + 10 FROM query_rows WHERE id < 3)", '1 2 11 12', 'UNION of parentheses');
ids("SELECT id FROM query_rows WHERE id < 6 EXCEPT SELECT 2 INTERSECT SELECT 2", '1 3 4 5', 'EXCEPT and INTERSECT');
ids('SELECT id FROM query_rows ORDER BY id DESC LIMIT 3', '28 29 30', 'an outer ORDER BY with LIMIT');
ids('SELECT id FROM query_rows ORDER BY id LIMIT 2 OFFSET 5 -- a page', '6 7', 'OFFSET, and a comment behind it');
ids('SELECT id FROM query_rows ORDER BY id LIMIT 2;', '1 2', 'LIMIT and a semicolon');
ids('SELECT id % 3 AS id, count(*) AS n FROM query_rows GROUP BY 1 HAVING count(*) > 9', '0 1 2', 'GROUP BY and HAVING');
ids('SELECT DISTINCT id % 3 AS id FROM query_rows', '0 1 2', 'DISTINCT');
arrives('SELECT a.id, b.name FROM query_rows a JOIN query_rows b ON a.id = b.id + 1 WHERE a.id = 2', { 2 => { name => { S => 'name 1' } } }, 'a join');
arrives('SELECT id, row_number() OVER (ORDER BY id DESC) AS n, CASE id WHEN 30 THEN \'last\' END AS c FROM query_rows WHERE id > 28',
	{ 29 => { n => { N => '2' } }, 30 => { n => { N => '1' }, c => { S => 'last' } } }, 'window functions and CASE');
arrives('SELECT 1 AS id', { 1 => {} }, 'a query without a table');
ids('SELECT TOP 3 id FROM query_rows ORDER BY id DESC', '28 29 30', 'TOP');
arrives("SELECT 1 AS id, listagg(name, ', ') WITHIN GROUP (ORDER BY query_rows.id DESC) AS names, listagg(query_rows.id) AS ids FROM query_rows WHERE id < 3",
	{ 1 => { names => { S => 'name 2, name 1' }, ids => { S => '12' } } }, 'LISTAGG');
arrives("SELECT id, decode(id, 1, 'one', 2, 'two', 'many') AS word, decode(id, 1, 'one') AS only FROM query_rows WHERE id IN (1, 3)",
	{ 1 => { word => { S => 'one' }, only => { S => 'one' } }, 3 => { word => { S => 'many' } } }, 'DECODE');
arrives('SELECT 1 AS id, median(query_rows.id) AS m, approximate count(distinct name) AS n FROM query_rows',
	{ 1 => { m => { N => '15.5' }, n => { N => '30' } } }, 'MEDIAN and APPROXIMATE COUNT');
arrives("SELECT 1 AS id, trunc('2026-11-27 18:30:00'::timestamp) AS day, 'äöü'::varchar(4) AS cut", { 1 => { day => { S => '2026-11-27' }, cut => { S => 'äö' } } },
	'TRUNC of a timestamp, and VARCHAR in bytes');

# --- literals and names ---------------------------------------------------------------------------------

sub literal
{
	my ($sql, $text, $name) = @_;
	arrives("SELECT 1 AS id, $sql AS v", { 1 => { v => { S => $text } } }, $name);
}

literal(q('it''s'), q(it's), 'a doubled quote');
literal(q('it\'s'), q(it's), 'a quote behind a backslash, as Redshift reads it');
literal(q('a\\\\b'), 'a\\b', 'a doubled backslash is one');
literal(q('\\\\'), '\\', 'a literal that ends with a backslash');
literal(q('tab\tline\nend'), "tab\tline\nend", 'escapes for tab and line break');
literal("'two\nlines'", "two\nlines", 'a line break in a literal');
literal(q{'-- no comment /* nor this */ ; )'}, '-- no comment /* nor this */ ; )', 'comment signs, semicolon and parenthesis in a literal');
literal(q('100 % of %s and %d %%'), '100 % of %s and %d %%', 'percent signs');
literal(q('$1 ? :name @x'), '$1 ? :name @x', 'placeholders of other languages in a literal');
literal('$$two words$$', 'two words', 'dollar quotes');
literal('$tag$a 100 % b$tag$', 'a 100 % b', 'dollar quotes with a tag');
literal(q{'x\') AS q; DELETE FROM query_canary; --'}, q{x') AS q; DELETE FROM query_canary; --}, 'a literal that is a break-out for whoever overlooks the backslash');
literal(q('' || 'a' /* ' */ || 'b' -- '
   || 'c'), 'abc', 'quotes in comments between literals');
literal(q('日本語 😀 العربية'), '日本語 😀 العربية', 'any Unicode');
literal("'UNLOAD (''x'') TO ''s3://y/''' ", q(UNLOAD ('x') TO 's3://y/'), 'an UNLOAD as text');

arrives(q{SELECT 1 AS id, 2 AS "Mixed Case", 3 AS mixed_CASE, 4 AS "a.b", 5 AS "say ""hi""", 6 AS "semi;colon", 7 AS "x)", 8 AS "it's", 9 AS "-- c", 10 AS "back\slash"},
	{ 1 => { 'Mixed Case' => { N => 2 }, mixed_case => { N => 3 }, 'a.b' => { N => 4 }, 'say "hi"' => { N => 5 }, 'semi;colon' => { N => 6 },
		'x)' => { N => 7 }, "it's" => { N => 8 }, '-- c' => { N => 9 }, 'back\\slash' => { N => 10 } } },
	'quoted names with blanks, dots, quotes, semicolons, parentheses, comment signs, backslashes');
arrives(q(SELECT 1 AS id, 2 AS "select", 3 AS "c0", 4 AS c1, 5 AS "q"), { 1 => { select => { N => 2 }, c0 => { N => 3 }, c1 => { N => 4 }, q => { N => 5 } } },
	'names that are key words, or that the wrapping uses itself');
arrives(q(SELECT 1 AS "ID", 2 AS "id", 3 AS "Id"), { 2 => { ID => { N => 1 }, Id => { N => 3 } } }, 'names that differ in case only are different attributes');
arrives(q(SELECT 'x' AS id, count(*) FROM query_rows), { x => { count => { N => 30 } } }, 'a column without a name gets that of its function');

# --- long and wide ------------------------------------------------------------------------------------------

my $list = join ', ', map { "'" . sprintf('%09d', $_) . "'" } 1 .. 16_000;
cmp_ok(length $list, '>', 200_000, 'a query of more than 200,000 characters');
ids("SELECT id FROM query_rows WHERE id < 3 AND name NOT IN ($list)", '1 2', 'is exported');
arrives("SELECT 1 AS id, '" . ('x' x 60_000) . "' AS v -- " . ('y' x 150_000), { 1 => { v => { S => 'x' x 60_000 } } }, 'a long literal and a long comment');
arrives('SELECT 1 AS id, ' . join(', ', map { "$_ AS column_$_" } 1 .. 1000),
	{ 1 => { map { ("column_$_" => { N => $_ }) } 1 .. 1000 } }, 'a query with 1,001 columns');
ids('SELECT ' . ('(' x 50) . '1' . (')' x 50) . ' AS id', '1', 'fifty parentheses deep');

# --- the marks work, else the rest would prove nothing --------------------------------------------------------

settle_begun();
my $marks_before = marks();
ids('SELECT id FROM query_rows WHERE id < 3 AND query_touch() > 0', '1 2', 'a function of the user is called');
settle_begun();
cmp_ok(marks(), '>', $marks_before, 'and leaves its marks when the query is executed');

# --- what is refused -------------------------------------------------------------------------------------------

my $target = unique('query');
settle_begun();
export_and_wait($node, $first, $target, key => "'{id}'");
my ($marks, $unloads, @writes) = (marks(), unloads(), writes());

# The job fails with this SQLSTATE, message and position; $at is the text that the position must point at.
sub refused
{
	my ($query, $sqlstate, $message, $at, $name, $hint) = @_;
	my $characters = $query;
	utf8::decode($_) for grep { defined && !ref } $characters, $at;
	my $position = !defined $at ? 'none' : ref $at ? $$at : 1 + rindex($characters, $at);
	begin($query, $target, undef, sub {
		my ($job) = @_;
		is("$job->{state} $job->{error_sqlstate} $job->{attempt}", "failed $sqlstate 0", "refused before any UNLOAD: $name");
		like($job->{error_message}, $message, '... with a message that says so');
		is($job->{error_position} // 'none', $position, '... and the position in the query as typed');
		like($job->{error_hint}, $hint, '... and the hint what to do') if $hint;
	});
}

my $harm = 'DELETE FROM query_canary';
my $only_one = qr/^only one statement can be exported$/;
refused("$first; SELECT query_touch() AS id", '42601', $only_one, 'SELECT query_touch', 'a second statement');
refused("$first; $harm", '42601', $only_one, 'DELETE', 'a second statement that deletes');
refused("$first; -- c\n $harm; --", '42601', $only_one, 'DELETE', 'a second statement behind a comment');
refused("SELECT 'ü' AS id; $harm", '42601', $only_one, 'DELETE', 'a second statement behind an umlaut: positions count characters');

my $opens = qr/^this parenthesis is never closed$/;
my $closes = qr/^this parenthesis closes nothing$/;
refused(q(SELECT 7, 'x' AS name), '42611', qr/^column 1 of the query has no name$/, undef, 'a key without a name', qr/\bAS\b/);
refused('SELECT (1 AS id', '42601', $opens, '(1', 'an open parenthesis');
refused("SELECT query_touch() AS id) AS q; $harm; --", '42601', $closes, ') AS q', 'a break-out through a parenthesis');
refused("SELECT 1 AS id) TO 's3://elsewhere/' --", '42601', $closes, ') TO', 'a break-out to another target');
refused("SELECT 1 AS id) UNION (SELECT query_touch()", '42601', $closes, ') UNION', 'parentheses that balance in number only');
refused(")(SELECT 1 AS id", '42601', $closes, ')(', 'a parenthesis that closes first');


my $no_end = qr/^this literal has no end$/;
refused("SELECT 'a\\' AS id", '42601', $no_end, "'a", 'a literal whose last quote stands behind a backslash');
refused("SELECT 'x\\\\') AS q; $harm; --' AS id", '42601', $closes, ') AS q', 'a break-out behind a doubled backslash');
refused("SELECT 'x'') AS q; $harm; --", '42601', $no_end, "'x", 'a break-out behind a doubled quote');
refused("SELECT \"x\\\") FROM query_rows) AS q; $harm; --\" AS id", '42601', $closes, ') FROM', 'a backslash in a quoted name is no escape');
refused('SELECT "x AS id FROM query_rows', '42601', qr/^this quoted name has no end$/, '"x', 'an open quoted name');
refused("SELECT 1 AS id /* ) */ ) AS q; $harm; /*", '42601', $closes, ') AS q', 'a break-out behind a comment');
refused("SELECT 1 AS id --\n) AS q; $harm; --", '42601', $closes, ') AS q', 'a break-out behind the end of a line comment');
refused("SELECT 1 AS id -- \r) AS q; $harm; --", '42601', qr/^a comment holds a carriage return without a line feed$/, "\r", 'a carriage return in a comment');
refused("SELECT 1 AS id /* open /* */", '42601', qr/^this comment has no end$/, '/* open', 'an open comment');
refused(q(SELECT $$'$$ AS id) . ") AS q; $harm; --'", '42601', qr/^a dollar-quoted literal with quotes/, q($$'), 'a dollar-quoted literal that hides a quote');
refused('SELECT $$x AS id', '42601', qr/^this dollar-quoted literal has no end$/, '$$x', 'an open dollar-quoted literal');
refused('SELECT id FROM query_rows WHERE id = $1', '42601', qr/^a query to export cannot have parameters$/, '$1', 'a parameter');
refused("SELECT 1 AS id \x01", '42601', qr/^an invisible control character stands here$/, "\x01", 'a control character');

my $no_query = qr/^only a query can be exported: SELECT or WITH$/;
refused($_, '42601', $no_query, (/^(?:--.*\n|\s)*(\w+)/)[0], s/\s+/ /gr) for ($harm, "-- c\n $harm", 'INSERT INTO query_canary SELECT query_touch()', 'UPDATE query_canary SET id = 2',
	'TRUNCATE query_canary', 'DROP TABLE query_canary', 'TABLE query_rows', 'VALUES (1)', 'EXPLAIN SELECT 1', 'CALL query_touch()', 'SET search_path TO x',
	"UNLOAD ('SELECT 1') TO 's3://x/' IAM_ROLE default", 'BEGIN');
refused('SELECT query_touch() AS id, 1 AS n INTO query_new FROM query_rows', '42601', qr/^the query returns no columns$/, undef, 'SELECT INTO');
refused($_, '42601', qr/^the query is empty$/, \1, "'$_'") for (' ', ';', '-- nothing');
refused('()', '42601', $no_query, ')', 'parentheses around nothing');

refused('SELECT id, FROM query_rows', '42601', qr/^syntax error at or near "FROM"$/, 'FROM', "Redshift's own syntax error");
refused("/* ü\n */ SELECT 'ä', id FROM no_such_table", '42P01', qr/^relation "no_such_table" does not exist$/, 'no_such_table', 'a table that is not there');
refused('SELECT id, "Näme" FROM query_rows', '42703', qr/^column "N.+me" does not exist$/, '"N', 'a column that is not there');
refused('SELECT no_such_function(id) AS id FROM query_rows', '42883', qr/^function no_such_function\(integer\) does not exist$/, 'no_such', 'a function that is not there');
refused('SELECT id FROM query_rows WHERE name', '42804', qr/must be type boolean/, 'name', 'a wrong type');
refused("SELECT query_touch() AS id, 1 AS a, 2 AS \"b\", 3 AS A", '42701', qr/^two columns of the query are named "a"$/, undef, 'columns of equal names');
refused('SELECT query_touch() AS id, count(*), count(id) FROM query_rows', '42701', qr/named "count"$/, undef, 'columns of equal names that nobody gave');
refused("SELECT query_touch() AS id, NULL::hllsketch AS h FROM query_rows", '0A000', qr/^column "h" is of type hllsketch, which cannot be exported$/, undef, 'an HLLSKETCH column',
	qr/^Select HLL_CARDINALITY/);
settle_begun();

is(marks(), $marks, 'nothing of all these was executed: not one call of a function');
is(warehouse('SELECT count(*) FROM query_canary'), '1', 'not one row was deleted');
is(warehouse("SELECT count(*) FROM pg_class WHERE relname = 'query_new'"), '0', 'not one table was made');
is(unloads(), $unloads, 'and not one UNLOAD was sent');
is_deeply([ writes() ], \@writes, 'and nothing was written to DynamoDB');

# --- errors that only show when the query runs -------------------------------------------------------------------

my @staged = s3_keys('rs2ddb/');
for (
	[ 'SELECT 10 / (id - 7) AS id FROM query_rows', '22012', qr/^division by zero$/, 'division by zero' ],
	[ 'SELECT id, (id > 1)::varchar AS v FROM query_rows', '42846', qr/^cannot cast type boolean to character varying$/, 'a cast that Redshift does not have' ],
	[ 'SELECT name::int AS id FROM query_rows', '22P02', qr/name 1/, 'text that is no number' ],
	[ 'SELECT g AS id FROM generate_series(1, 3) g', '0A000', qr/not supported on Redshift tables/, 'a function of the leader node' ],
	[ "WITH d AS ($harm RETURNING id) SELECT id FROM d", '0A000', qr/./, 'a statement that changes data as a table expression' ])
{
	my ($query, $sqlstate, $message, $name) = @$_;
	begin($query, $target, undef, sub {
		my ($job) = @_;
		is("$job->{state} $job->{error_sqlstate}", "failed $sqlstate", "an error while the query runs fails the job, with its SQLSTATE: $name");
		like($job->{error_message}, $message, '... and its message');
		is($job->{error_position}, undef, '... without a position: it would be one in our UNLOAD, not in the query');
		is($job->{stage_prefix}, undef, '... and leaves nothing to go on with');
	});
}
settle_begun();
is_deeply([ s3_keys('rs2ddb/') ], \@staged, 'they leave no files');
is(warehouse('SELECT count(*) FROM query_canary'), '1', 'no row was deleted by any of them');
is_deeply([ writes() ], \@writes, 'and nothing was written to DynamoDB');

$node->stop;
reset_stand_ins();
done_testing();
