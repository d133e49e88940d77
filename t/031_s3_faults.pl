# What S3 and the files on it do on bad days: what another try mends is mended; what it does not mend
# fails with the name of the object; a bad row is rejected with its position, and only it.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;

reset_stand_ins();
warehouse(<<'SQL');
DROP TABLE IF EXISTS public.s3_faults;
CREATE TABLE public.s3_faults AS
  SELECT i AS id, md5(i::text)::varchar(40) AS name, ('{"deep":' || i || '}')::super AS deep FROM generate_series(1, 60) AS i;
SQL
my $node = new_node('s3_faults');
create_warehouse($node, 'plain', { compression => 'none', request_timeout => '2' });
my $query = 'SELECT * FROM s3_faults ORDER BY id';
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
my %data_file = (path => '_part_');
my %manifest = (path => 'manifest$');
my %always = (times => undef);
gateway(slices => 2);

# One export of uncompressed files under fault rules; returns the job's row and its table.
sub job_under
{
	my ($name, $rules, %args) = @_;
	my $table = unique('s3-faults');
	faults(@$rules);
	my $job = export_and_wait($node, $query, $table, key => q('{id}'), server => q('plain'), %args);
	ok(all_fired(), "$name: it happened");
	clear_faults();
	return ($job, $table);
}

sub arrived
{
	my ($name, $job, $table) = @_;
	is($job->{state}, 'succeeded', "$name: the job succeeds") or diag("$job->{error_message}\n$job->{error_detail}");
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	my ($equal, $said) = verify_table($query, $table, 'id');
	ok($equal, "$name: every row has arrived") or diag($said);
}

# ---- what another try mends -------------------------------------------------------------------

for my $case (
	[ 'S3 is silent', rule(GetObject => { type => 'hang' }, %data_file), rule(GetObject => { type => 'hang' }, %manifest) ],
	[ 'S3 asks to slow down, for every object', rule(GetObject => { type => 'error', status => 503, code => 'SlowDown' }, times => 5) ],
	[ 'bodies are cut again and again', rule(GetObject => { type => 'truncate', bytes => 700 }, times => 8, %data_file) ],
	[ 'a body is longer than its head said', rule(GetObject => { type => 'wrong_length', delta => -3 }, %data_file) ])
{
	my ($name, @rules) = @$case;
	my ($job, $table) = job_under($name, \@rules);
	if ($job->{state} eq 'failed')
	{    # a length that contradicts the manifest is told, and the file can be loaded again
		like($job->{error_message}, qr/s3:\S+_part_\S+ is \d+ bytes long, the manifest says \d+/, "$name: the error names the object");
		$sql->("SELECT rs2ddb_resume($job->{job_id})");
		$job = wait_job($node, $job->{job_id});
	}
	arrived($name, $job, $table);
	is($job->{attempt}, 1, "$name: no second UNLOAD was run");
}

# ---- what it does not mend: a clear failure, and the job can be resumed -------------------------

for my $case (
	[ 'the object changes while it is read',
		[ rule(GetObject => { type => 'truncate', bytes => 400 }, %data_file),
		  rule(GetObject => { type => 'error', status => 412, code => 'PreconditionFailed' }, nth => 2, %data_file) ],
		qr/_part_\S+ changed while it was read/, qr/Nothing else may write below the stage/ ],
	[ 'the object is missing', [ rule(GetObject => { type => 'error', status => 404, code => 'NoSuchKey' }, %data_file) ],
		qr/_part_\S+ does not exist/, undef ],
	[ 'the bucket is in another Region', [ rule(GetObject => { type => 'redirect', region => 'eu-west-1' }, %always, %data_file) ],
		qr/_part_\S+.*eu-west-1/, qr/stage_region/ ],
	[ 'the bucket is in another Region, by form 400', [ rule(GetObject => { type => 'redirect', region => 'eu-west-1', form => 400 }, %always, %data_file) ],
		qr/_part_\S+.*eu-west-1/, qr/stage_region/ ],
	[ 'permission to read is taken away', [ rule(GetObject => { type => 'error', status => 403, code => 'AccessDenied' }, %always, %data_file) ],
		qr/_part_\S+ may not be read with these AWS keys/, qr/s3:GetObject/ ])
{
	my ($name, $rules, $message, $hint) = @$case;
	my ($job, $table) = job_under($name, $rules);
	is($job->{state}, 'failed', "$name: the job fails");
	like($job->{error_message}, $message, "$name: the error names the object");
	like($job->{error_hint} // '', $hint, "$name: and what to do") if $hint;
	$sql->("SELECT rs2ddb_resume($job->{job_id})");
	arrived("$name, mended", wait_job($node, $job->{job_id}), $table);
}

{
	my $name = 'the object is really replaced while it is read';
	my $table = unique('s3-faults');
	gateway(slices => 1);
	faults(rule(GetObject => { type => 'truncate', bytes => 400 }, times => 2, %data_file),
		rule(GetObject => { type => 'error', status => 503, code => 'SlowDown' }, %always, nth => 3, %data_file));
	my $id = export_job($node, $query, $table, key => q('{id}'), server => q('plain'));
	ok(wait_until(sub { fired() > 3 }), "$name: reading was cut, and is to go on");
	my ($key) = grep { /_part_/ } stage_files(job_row($node, $id));
	system('node', 't/lib/s3.mjs', 'put', $key, qq({"c0":"1","c1":"another","c2":null}\n) x 200) == 0 or die 's3 put';
	clear_faults();
	gateway(slices => 2);
	my $job = wait_job($node, $id);
	is($job->{state}, 'failed', "$name: the job fails");
	like($job->{error_message}, qr/\Q$key\E changed while it was read/, "$name: the error names it");
	is(scalar(grep { $_->{name}{S} eq 'another' } @{ dynamodb('scan', $table) }), 0, "$name: nothing of the other content is written");
}

# ---- bytes of a file --------------------------------------------------------------------------

# Edits the files that S3 serves; the sizes that the manifest tells go with them where they change.
sub edit { my ($pattern, $replacement, %more) = @_; return rule(GetObject => { type => 'edit', pattern => $pattern, replacement => $replacement }, %always, %data_file, %more); }
my $any_size = rule(GetObject => { type => 'edit', pattern => '"content_length":\d+,', replacement => '' }, %always, %manifest);

sub rejected
{
	my ($name, $rules, $code, $reason, $row) = @_;
	my ($job, $table) = job_under($name, $rules);
	my $id = $job->{job_id};
	is($job->{state}, 'failed', "$name: the job fails, for no reject is tolerated");
	like($job->{error_message}, qr/1 row was rejected, 0 are tolerated/, "$name: one row is rejected");
	is($job->{items_written}, 59, "$name: all others are written");
	ok(ledger_balances($node, $id), "$name: the ledger balances");
	is($sql->("SELECT code FROM rs2ddb.reject WHERE job_id = $id"), $code, "$name: the code");
	like($sql->("SELECT reason FROM rs2ddb.reject WHERE job_id = $id"), $reason, "$name: the reason");
	$sql->("SELECT rs2ddb_resume($id)");
	arrived("$name, mended", wait_job($node, $id), $table);
}

my $name_of_7 = '8f14e45fceea167a5a36dedd4bea2543';    # md5 of 7
rejected('a line cut short', [ edit("$name_of_7\"[^\\n]*", '8f14') , $any_size ], 'row_syntax', qr/byte \d+ of the line/);
rejected('text that is no UTF-8', [ edit($name_of_7, "\xff\xfe" . ('x' x 30)) ], 'row_utf8', qr/byte \d+ of the line|UTF-8/);
rejected('half of a surrogate pair', [ edit($name_of_7, '\\ud800' . ('x' x 26)) ], 'row_escape', qr/byte \d+ of the line/);
rejected('a SUPER nested too deep', [ edit('\{"deep":7\}', '[' x 5000 . ']' x 5000), $any_size ], 'row_nesting', qr/nest|deep/);

{
	my $name = 'a line of 300 MB';
	my $file = PostgreSQL::Test::Utils::tempdir() . '/long.zst';
	my $generator = q(perl -e 'print qq({"c0":"1","c1":"a"}\n{"c0":"2","c1":"); print "x" x 1000000 for 1 .. 300; print qq("}\n{"c0":"3","c1":"b"}\n)');
	IPC::Run::run([ 'sh', '-c', "$generator | zstd -q -c > '$file' && chmod 644 '$file'" ]) or die 'zstd';
	gateway(slices => 1);
	my $table = unique('s3-faults');
	faults($any_size, rule(GetObject => { type => 'serve', file => $file }, %data_file));
	my $job = export_and_wait($node, 'SELECT id, name FROM s3_faults WHERE id <= 3', $table, key => q('{id}'), server => q('plain'), max_rejects => 1);
	clear_faults();
	is($job->{state}, 'succeeded', "$name: the job succeeds with one reject") or diag("$job->{error_message}\n$job->{error_detail}");
	is($job->{items_written}, 2, "$name: the other rows are written");
	ok(ledger_balances($node, $job->{job_id}), "$name: the ledger balances");
	is($sql->("SELECT row_number || ' ' || code FROM rs2ddb.reject WHERE job_id = $job->{job_id}"), '2 row_length', "$name: it is rejected with its number");
	is($sql->("SELECT octet_length(item) <= 65536 FROM rs2ddb.reject WHERE job_id = $job->{job_id}"), 't', "$name: and kept in part only");
	gateway(slices => 2);
}

# ---- a manifest that lies ---------------------------------------------------------------------

my $first_entry = '\{"url":"[^"]*","meta":\{[^}]*\}\},?';
for my $case (
	[ 'more rows than there are', [ edit('"record_count":\d+', '"record_count":99', %manifest, times => 1) ], qr/manifest/ ],
	[ 'fewer rows in a file, in sum as many', [ edit('^(.*?"record_count":)(\d+)(.*?"record_count":)(\d+)', '$11$359', %manifest, times => 1) ], qr/the manifest promises \d+ rows?, s3:\S+ has \d+/ ],
	[ 'a file of another size', [ edit('"content_length":\d+', '"content_length":77', %manifest, times => 1) ], qr/manifest/ ],
	[ 'an entry is missing', [ edit("^(\\{\"entries\":\\[)$first_entry", '$1', %manifest, times => 1) ], qr/manifest/ ],
	[ 'an entry twice', [ edit("^(\\{\"entries\":\\[)($first_entry)", '$1$2$2', %manifest, times => 1) ], qr/twice|manifest/ ],
	[ 'an object elsewhere', [ edit('"url":"s3://[^"]*"', '"url":"s3://other-bucket/secret"', %manifest, times => 1) ], qr/does not lie below/ ],
	[ 'half of it', [ edit('^(.{60}).*$', '$1', %manifest, times => 1) ], qr/the manifest of the UNLOAD cannot be read/ ],
	[ 'no entries at all', [ edit('^.*$', '{"entries":[]}', %manifest, times => 1) ], qr/manifest/ ])
{
	my ($name, $rules, $message) = @$case;
	my ($job, $table) = job_under("a manifest with $name", $rules);
	is($job->{state}, 'failed', "a manifest with $name: the job fails");
	like($job->{error_message}, $message, "a manifest with $name: the error says so");
	if ($message =~ /promises/)
	{    # what it promised is part of the job by now, and no other promise comes
		like($job->{error_hint}, qr/export again/i, "a manifest with $name: only another export helps");
		next;
	}
	$sql->("SELECT rs2ddb_resume($job->{job_id})");
	arrived("a manifest with $name, mended", wait_job($node, $job->{job_id}), $table);
}

reset_stand_ins();
$node->stop;
done_testing();
