# What a warehouse says, in a database that is not UTF-8: it is converted, and what the encoding cannot
# hold never gets into a row.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Rs2ddb;
use Rs2ddb::Faults;
use Rs2ddb::Hostile;

reset_stand_ins();
start_hostile();
my $node = new_node('words', conf => "rs2ddb.max_workers = 12\n");
$node->safe_psql('postgres', "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
local $Rs2ddb::database = 'latin';
local $ENV{PGCLIENTENCODING} = 'UTF8';
$node->safe_psql('latin', 'CREATE EXTENSION rs2ddb');

my $unshown = qr/^the warehouse's message cannot be shown in the encoding of this database$/;
my $shown = qr/Das Lager schließt für heute/;
my $not_sent = qr/^could not send to the warehouse$/;
for my $case (
	[ describe => 'farewell', '57P01', $shown ],
	[ describe => 'wide_farewell', '57P01', $unshown ],
	[ describe => 'bytes', '08006', qr/^lost synchronization with server: got message type "\?"/ ],
	[ login => 'farewell', '08006', qr/^could not connect/, $shown ],
	[ login => 'wide_farewell', '08006', qr/^could not connect/, qr/\?{9}/ ],
	# The connection ends while the statement is sent: where that is noticed is a matter of luck.
	[ deaf => 'farewell', '(?:57P01|08006)', qr/$shown|$not_sent/ ],
	[ deaf => 'wide_farewell', '(?:57P01|08006)', qr/$unshown|$not_sent/ ])
{
	my ($phase, $fault, $sqlstate, $message, $detail) = @$case;
	my $name = "$phase, $fault";
	my ($server) = hostile_server($node, $phase, $fault);
	my $query = $phase eq 'deaf' ? 'SELECT 1 /* ' . 'x' x 8_000_000 . ' */' : 'SELECT 1';
	my $row = export_and_wait($node, $query, unique('words'), key => q('{id}'), server => "'$server'");
	is($row->{state}, 'failed', "$name: the job fails");
	like($row->{error_sqlstate}, qr/^$sqlstate$/, "$name: with its SQLSTATE");
	like($row->{error_message}, $message, "$name: and what can be shown of the message");
	like($row->{error_detail}, $detail, "$name: and of the detail") if $detail;
	# LATIN1 takes any byte, so UTF-8 that was not converted would come back as two letters for each.
	unlike(join(' ', grep { defined } @$row{qw(error_message error_detail error_hint)}), qr/\xC3\x83|\xC3\xA5\xC2/,
		"$name: nothing was taken for LATIN1 that is UTF-8");
}

$node->stop;
stop_hostile();
reset_stand_ins();
done_testing();
