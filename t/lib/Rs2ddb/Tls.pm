# Certificates and small servers for the tests of connections: a CA, certificates that it signs, an
# HTTPS server, and an HTTP server that always gives the same reply.
package Rs2ddb::Tls;

use strict;
use warnings;
use Cwd ();
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use IPC::Run ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(make_ca make_certificate start_https start_http listen_only was_called stop_servers);

my $folder = Cwd::abs_path(PostgreSQL::Test::Utils::tempdir());
my (@https, @http);

sub _openssl
{
	my (@args) = @_;
	my ($out, $err);
	IPC::Run::run([ 'openssl', @args ], '>', \$out, '2>', \$err) or die "openssl @args: $err";
}

# A certificate authority: a hash with its certificate's and key's files.
sub make_ca
{
	my ($name) = @_;
	my %ca = (crt => "$folder/$name.crt", key => "$folder/$name.key");
	_openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 3650, '-subj', "/CN=$name",
		'-keyout', $ca{key}, '-out', $ca{crt});
	return \%ca;
}

# A certificate for a subject, which a CA signed; $names as in subjectAltName.
sub make_certificate
{
	my ($ca, $subject, $names) = @_;
	my %files = map { $_ => "$folder/$subject.$_" } qw(crt key csr ext);
	append_to_file($files{ext}, "subjectAltName=$names\n");
	_openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', "/CN=$subject", '-keyout', $files{key}, '-out', $files{csr});
	_openssl('x509', '-req', '-in', $files{csr}, '-CA', $ca->{crt}, '-CAkey', $ca->{key}, '-CAcreateserial',
		'-days', 3650, '-extfile', $files{ext}, '-out', $files{crt});
	chmod 0600, $files{key};
	return \%files;
}

# An HTTPS server with this certificate that refuses all with "reached over TLS"; returns its port.
sub start_https
{
	my ($certificate) = @_;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'node', 't/lib/https.mjs', $certificate->{crt}, $certificate->{key} ],
		'<', \undef, '>', \$out, '2>', \$err);
	push @https, $run;
	$run->pump until $out =~ /\d+\n/ || !$run->pumpable;
	die "no HTTPS server: $err" unless $out =~ /(\d+)\n/;
	return $1;
}

# Head and body: who closes earlier resets the connection.
sub _read_request
{
	my ($client) = @_;
	my $request = '';
	while (sysread $client, my $more, 65536)
	{
		$request .= $more;
		my ($length) = $request =~ /^content-length: *(\d+)/mi;
		last if $request =~ /\r\n\r\n(.*)/s && length $1 >= ($length // 0);
	}
}

# A server that replies with the same bytes to every request and closes; returns its port.
sub start_http
{
	my ($reply) = @_;
	my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die "no HTTP server: $!";
	my $pid = fork // die "no HTTP server: $!";
	if ($pid == 0)
	{
		$SIG{PIPE} = 'IGNORE';
		while (my $client = $listener->accept)
		{
			_read_request($client);
			syswrite $client, $reply;
			close $client;
		}
		POSIX::_exit(0);
	}
	push @http, $pid;
	return $listener->sockport;
}

# A listening socket that nobody should call, and whether somebody did.
sub listen_only { return IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1'); }
sub was_called { return IO::Select->new($_[0])->can_read(0) ? 1 : 0; }

sub stop_servers
{
	$_->kill_kill for @https;
	kill 'KILL', @http;
	waitpid $_, 0 for @http;
	@https = @http = ();
}

END { my $status = $?; stop_servers(); $? = $status; }

1;
