# Every type at its limits: what arrives, verified against the source and, for some, literally.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;

reset_stand_ins();
my $node = new_node('types');
my ($true, $false) = (JSON::PP::true, JSON::PP::false);

# --- all types, under every reading of what is uncertain about Redshift's JSON -------------------------

load_tables('--tables', 'all_types');
my $rows = warehouse('SELECT count(*) FROM all_types');
my @readings = (
	[ 'as documented' ],
	[ 'slashes escaped, CHAR without padding, quoted booleans', json_escapes => 'slash', char_padding => $false, boolean_json => 'quoted' ],
	[ 'only ASCII, bare booleans, SUPER as stored, decimals as strings',
		json_escapes => 'unicode', boolean_json => 'bare', super_text => 'stored', decimal_json => 'string' ],
	[ 'everything escaped', json_escapes => 'all', boolean_json => 'literal' ]);
my @verify;
for my $reading (@readings)
{
	my ($name, %switches) = @$reading;
	reset_stand_ins();
	gateway(%switches) if %switches;
	my $table = unique('types');
	my $job = export_and_wait($node, 'SELECT * FROM all_types', $table, key => "'{id}'");
	is("$job->{state} $job->{items_written} $job->{rows_rejected}", "succeeded $rows 0", "all types are exported: $name")
	  or diag($job->{error_message}, ' ', $job->{error_detail} // '');
	push @verify, [ 'SELECT * FROM public.all_types', $table, 'id' ];
}
reset_stand_ins();
my ($equal, $text) = verify_tables(@verify);
ok($equal, "each of $rows rows, attribute by attribute, under each of these readings") or diag($text);

# --- literally ------------------------------------------------------------------------------------------

# The one item that a query with id 1 brings, without its id.
sub item
{
	my ($query, %args) = @_;
	my $table = unique('types');
	my $job = export_and_wait($node, $query, $table, key => "'{id}'", %args);
	return "$job->{state}: $job->{error_message} " . ($job->{error_detail} // '') if $job->{state} ne 'succeeded';
	my ($item, @more) = @{ dynamodb('scan', $table) };
	delete $item->{id} unless $args{key};
	return @more ? 'more than one item' : $item;
}

sub values_are
{
	my ($name, %expected) = @_;
	my $item = item('SELECT 1 AS id, ' . join ', ', map { "$expected{$_}[0] AS $_" } sort keys %expected);
	is_deeply($item, { map { defined $expected{$_}[1] ? ($_ => $expected{$_}[1]) : () } keys %expected }, $name)
	  or diag(explain($item));
}

sub n { return { N => $_[0] }; }
sub str { return { S => $_[0] }; }

my $digits = '12345678901234567890123456789012345678';
sub decimal
{
	my ($sign, $scale) = @_;
	my $whole = $scale == 38 ? '0' : substr $digits, 0, 38 - $scale;
	return "$sign$whole" . ($scale ? '.' . substr $digits, 38 - $scale : '');
}
values_are('38 digits at every scale from 0 to 37, either sign',
	map { my $scale = $_; ("p$scale" => [ decimal('', $scale) . "::decimal(38,$scale)", n(decimal('', $scale)) ],
		"m$scale" => [ '(' . decimal('-', $scale) . ")::decimal(38,$scale)", n(decimal('-', $scale)) ]) } 0 .. 37);
my $nines = '9' x 38;
values_are('the largest and the smallest decimals, and the limits of integers',
	d_max => [ "$nines\::decimal(38,0)", n($nines) ], d_min => [ "(-$nines)::decimal(38,0)", n("-$nines") ],
	d_step => [ '0.' . ('0' x 36) . '1::decimal(38,37)', n('0.' . ('0' x 36) . '1') ], d_zero => [ '0.00::decimal(38,37)', n('0') ],
	d_cents => [ '1.50::decimal(10,2)', n('1.5') ], d_default => [ '7::decimal', n('7') ],
	i8_max => [ '9223372036854775807', n('9223372036854775807') ], i8_min => [ "'-9223372036854775808'::bigint", n('-9223372036854775808') ],
	i8_odd => [ '9007199254740993::bigint', n('9007199254740993') ], i4 => [ "'-2147483648'::int", n('-2147483648') ], i2 => [ "'-32768'::smallint", n('-32768') ],
	oid => [ '4294967295::oid', n('4294967295') ]);

my @reals = qw(0.1 0.33333334 3.4028235e38 -3.4028235e38 1.17549435e-38 1e-45 16777216 8.5899346e9 123456.79 0.00012207031 1e10 -0.5);
my @doubles = qw(0.1 0.30000000000000004 0.3333333333333333 9.9e125 -9.9e125 1e-130 1.7976931348623157e100 9007199254740992 5e-324 1e22 1e23 123456789012345680
	3.141592653589793 2.2250738585072014e-120 9.9999999999999992e125 -9.9999999999999992e125 9.9999999999999977e125);
@doubles = grep { abs $_ >= 1e-130 } @doubles;
my $floats = item('SELECT 1 AS id, ' . join ', ', (map { "'$reals[$_]'::real AS r$_" } 0 .. $#reals), map { "'$doubles[$_]'::float8 AS d$_" } 0 .. $#doubles);
is_deeply([ map { unpack 'H*', pack 'f>', $floats->{"r$_"}{N} } 0 .. $#reals ], [ map { unpack 'H*', pack 'f>', $_ } @reals ], 'REAL reads back to the same bits');
is_deeply([ map { unpack 'H*', pack 'd>', $floats->{"d$_"}{N} } 0 .. $#doubles ], [ map { unpack 'H*', pack 'd>', $_ } @doubles ], 'DOUBLE PRECISION reads back to the same bits');
is_deeply([ map { $floats->{$_}{N} } qw(r0 r1 d0 d1) ], [ qw(0.1 0.33333334 0.1 0.30000000000000004) ], 'in its shortest text');
values_are('there is no negative zero in DynamoDB', z => [ "'-0'::float8", n('0') ], r => [ "'-0'::real", n('0') ]);

values_are('NULL is absent, the empty string and the word are there; booleans',
	nothing => [ 'NULL::varchar', undef ], no_number => [ 'NULL::int', undef ], no_flag => [ 'NULL::boolean', undef ], no_bytes => [ 'NULL::varbyte', undef ],
	no_day => [ 'NULL::date', undef ], no_float => [ 'NULL::real', undef ], empty => [ "''", str('') ], word => [ "'NULL'", str('NULL') ], blank => [ "' '", str(' ') ],
	yes => [ '1 = 1', { BOOL => $true } ], no => [ '1 = 2', { BOOL => $false } ]);
for my $padding ($true, $false)
{
	gateway(char_padding => $padding);
	my $with = $padding ? 'with' : 'without';
	values_are("CHAR $with padding in the file arrives without trailing blanks, VARCHAR keeps them",
		short => [ "'ab'::char(5)", str('ab') ], full => [ "'abcde'::char(5)", str('abcde') ], lead => [ "'  b'::char(5)", str('  b') ],
		empty => [ "''::char(5)", str('') ], tab => [ "'a\t'::char(5)", str("a\t") ], varchar => [ "'ab   '::varchar(9)", str('ab   ') ], zeros => [ "'00501'::char(5)", str('00501') ]);
	is_deeply(item("SELECT 'k'::char(8) AS code", key => "'{code}'"), { code => str('k') }, "... also in a key, $with padding");
}
reset_stand_ins();

values_are('dates, times and timestamps, to the microsecond, at their limits',
	d_first => [ "'0001-01-01'::date", str('0001-01-01') ], d_last => [ "'9999-12-31'::date", str('9999-12-31') ], d_leap => [ "'2024-02-29'::date", str('2024-02-29') ],
	t_first => [ "'0001-01-01 00:00:00'::timestamp", str('0001-01-01T00:00:00.000000') ], t_last => [ "'9999-12-31 23:59:59.999999'::timestamp", str('9999-12-31T23:59:59.999999') ],
	t_micro => [ "'1969-12-31 23:59:59.000001'::timestamp", str('1969-12-31T23:59:59.000001') ], t_half => [ "'2026-01-31 23:59:59.5'::timestamp", str('2026-01-31T23:59:59.500000') ],
	z_east => [ "'2026-01-31 23:59:59.5+05:45'::timestamptz", str('2026-01-31T18:14:59.500000Z') ], z_west => [ "'2026-01-31 23:59:59-08'::timestamptz", str('2026-02-01T07:59:59.000000Z') ],
	time => [ "'01:02:03.5'::time", str('01:02:03.5') ], timetz => [ "'23:59:59.5+01'::timetz", str('23:59:59.5+01') ],
	months => [ "INTERVAL '1 year 2 months' YEAR TO MONTH", str('P1Y2M') ], seconds => [ "INTERVAL '-3 days 4:05:06.789' DAY TO SECOND", str('P-3DT4H5M6.789S') ], none => [ "INTERVAL '0' DAY TO SECOND", str('PT0S') ]);

# --- bytes, SUPER -----------------------------------------------------------------------------------------

my @hex = ('', '00', 'ff', '00ff10', map { substr '00ff10ab27' x 40_000, 0, 2 * $_ } 31_999, 32_000, 32_001, 64_000, 65_535, 65_536, 100_000);
my $long = 'p' x 1000;
my @super = (
	[ 'null', undef ], [ 'true', { BOOL => $true } ], [ '"text"', str('text') ], [ '""', str('') ], [ $digits, n($digits) ], [ '-1.50', n('-1.5') ],
	[ '[]', { L => [] } ], [ '{}', { M => {} } ],
	[ '{"a":[1,2.50,-3e3,"",null,false,{"b":{}}],"Ü":"ß","A":{"x.y":"\\"q\\" \\\\ \\n \\u00e9 \\ud83d\\ude00 \\/"}}', { M => {
		a => { L => [ n('1'), n('2.50'), n('-3e3'), str(''), { NULL => $true }, { BOOL => $false }, { M => { b => { M => {} } } } ] },
		'Ü' => str('ß'), A => { M => { 'x.y' => str("\"q\" \\ \n é 😀 /") } } } } ],
	[ qq({"$long":["$long"]}), { M => { $long => { L => [ str($long) ] } } } ]);
warehouse('DROP TABLE IF EXISTS public.type_bytes, public.type_super;
	CREATE TABLE public.type_bytes (id int, b varbyte); CREATE TABLE public.type_super (id int, v super);'
	  . join '', (map { "INSERT INTO public.type_bytes VALUES ($_, decode('$hex[$_]', 'hex'));" } 0 .. $#hex),
	map { "INSERT INTO public.type_super VALUES ($_, '$super[$_][0]');" } 0 .. $#super);

sub column
{
	my ($query, $name) = @_;
	my $table = unique('types');
	my $job = export_and_wait($node, $query, $table, key => "'{id}'");
	return [ "$job->{state}: " . ($job->{error_message} // '') . ' ' . ($job->{error_detail} // '') ] if $job->{state} ne 'succeeded';
	return [ map { $_->{$name} } sort { $a->{id}{N} <=> $b->{id}{N} } @{ dynamodb('scan', $table) } ];
}

is_deeply(column('SELECT id, b FROM type_bytes', 'b'), [ map { { B => encode_base64(pack('H*', $_), '') } } @hex ],
	'VARBYTE arrives as bytes: none, zeros, up to 100,000 bytes, around every seam of the pieces');
is_deeply(column('SELECT id, v FROM type_super', 'v'), [ map { $_->[1] } @super ], 'SUPER arrives nested, with its numbers, empty strings and nulls');

# --- text, however the JSON is escaped ------------------------------------------------------------------------

my @texts = ('plain', '', ' both ends ', "quote ' double \" back \\ slash / end\\", "line\nfeed\r\ncr\rtab\tend", join('', map { chr } 1 .. 31), "\x7f", '</script>', '\u0041 \n',
	'日本語 中文 한국어', 'مرحبا עברית', '😀👩‍👩‍👧‍👦🏳️‍🌈', 'e' . "\xcc\x81", "\xef\xbb\xbfbom", "\xe2\x80\xa8line\xe2\x80\xa9", "\xf4\x8f\xbf\xbf\xef\xbf\xbf", "\xc2\x80\xc2\xa0", 'x' x 65_535);
warehouse('DROP TABLE IF EXISTS public.type_texts; CREATE TABLE public.type_texts (id int, t varchar(65535));'
	  . join '', map { "INSERT INTO public.type_texts VALUES ($_, '" . ($texts[$_] =~ s/'/''/gr) . "');" } 0 .. $#texts);
for my $escapes (qw(minimal slash unicode all))
{
	gateway(json_escapes => $escapes);
	my $found = column('SELECT id, t FROM type_texts', 't');
	is_deeply($found, [ map { str($_) } @texts ], "emoji, CJK, right-to-left, controls, quotes: text arrives as it left (JSON escapes: $escapes)");
}
reset_stand_ins();

# --- names of attributes -----------------------------------------------------------------------------------------

my @names = ('Mixed Case', 'UPPER', 'a.b.c', "it's", '#hash', ':colon', '$dollar', 'a/b', 'a\\b', 'Größe', '日本', '😀', ' blank ', "tab\there", '%s%d', '[0]', '0', '{}', 'a,b', 'x' x 63);
is_deeply(item('SELECT 1 AS id, \'v\' AS "say ""hi""", ' . join ', ', map { "'v' AS \"$_\"" } @names), { map { $_ => str('v') } 'say "hi"', @names },
	'attributes have the names of quoted aliases: case, quotes, dots, blanks, Unicode');
create_warehouse($node, 'folding', { case_sensitive => 'off' });
is_deeply(item('SELECT 1 AS id, 2 AS "Mixed Case", 3 AS UPPER', server => "'folding'"), { 'mixed case' => n('2'), upper => n('3') },
	'with case_sensitive off the warehouse folds them');

$node->stop;
reset_stand_ins();
done_testing();
