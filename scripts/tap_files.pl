#!/usr/bin/env perl
# Runs TAP files side by side, each with stand-ins of its own (test/stack) on the DynamoDB Local that
# RS2DDB_DYNAMODB_LOCAL names:
#   tap_files.pl JOBS FOLDER FILE...
# FOLDER takes the stand-ins' logs. The output of a file is printed whole when the file has ended. A file that dies, or
# does not run what it planned, adds a line "not ok - FILE: ...". Exit status 0 when all files passed.
use strict;
use warnings;
use Cwd ();
use File::Basename qw(basename dirname);
use POSIX ':sys_wait_h';
use TAP::Parser;
use Time::HiRes 'time';

use constant LAST_WORDS => 30;

my ($jobs, $folder, @files) = @ARGV;
my $root = Cwd::getcwd();
my $stack = "$root/test/stack/stack.mjs";
my %running;    # pid => {file, output, started}
my @ended;      # {file, passed, failed, seconds}
my $interrupted = 0;

# Files known to be slow first, so that none of them is alone at the end.
sub slowest_first
{
	my %rank;
	if (open my $list, '<', "$root/t/slow_first.txt")
	{
		while (<$list>) { $rank{$1} = keys %rank if /^(\S+\.pl)/; }
	}
	return sort { ($rank{ basename $a } // 1000) <=> ($rank{ basename $b } // 1000) || $a cmp $b } @_;
}

# The variables of the stand-ins, as stack.mjs wrote them for the shell.
sub read_env
{
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!\n";
	while (<$file>)
	{
		/^export (\w+)='(.*)'$/ and $ENV{$1} = $2 =~ s/'\\''/'/gr;
	}
}

# In a process of its own: stand-ins, the file, no stand-ins. Returns the file's wait status.
sub run_file
{
	my ($file) = @_;
	my $test;
	my $stop = 0;
	local $SIG{TERM} = sub { $stop = 1; kill 'TERM', $test if $test; };
	my @dir = ('--dir', "$folder/" . basename($file, '.pl'));
	my $status = system 'node', $stack, 'start', @dir, '--no-local', '--dynamodb', $ENV{RS2DDB_DYNAMODB_LOCAL};
	if ($status == 0 && !$stop)
	{
		read_env("$dir[1]/env");
		$test = fork // die "fork: $!\n";
		if ($test == 0)
		{
			$SIG{TERM} = 'DEFAULT';
			exec $^X, $file or die "$file: $!\n";
		}
		kill 'TERM', $test if $stop;
		1 while waitpid($test, 0) < 0 && $!{EINTR};
		$status = $?;
	}
	end_leftovers($file);
	system "node '$stack' stop --dir '$dir[1]' >/dev/null 2>&1";
	return $status;
}

# Ends what a file that was interrupted or killed has left: servers, and processes of its group.
sub end_leftovers
{
	my ($file) = @_;
	for my $pid_file (glob "$ENV{TESTDIR}/tmp_check/t_" . basename($file, '.pl') . '_*_data/pgdata/postmaster.pid')
	{
		system 'pg_ctl', 'stop', '--silent', '--mode=immediate', '-D', dirname($pid_file);
	}
	local $SIG{TERM} = 'IGNORE';
	kill 'TERM', 0;
}

# Starts a file. It is in a process group of its own: a Ctrl-C comes to it from here, once, as SIGTERM.
sub start
{
	my ($file) = @_;
	my $output = "$folder/" . basename($file, '.pl') . '.tap';
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0)
	{
		setpgrp 0, 0;
		$SIG{$_} = 'DEFAULT' for qw(INT HUP);
		open STDOUT, '>', $output or die "$output: $!\n";
		open STDERR, '>&', \*STDOUT or die "stderr: $!\n";
		my $status = run_file($file);
		POSIX::_exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
	}
	$running{$pid} = { file => $file, output => $output, started => time };
}

sub content
{
	my ($path) = @_;
	open my $file, '<', $path or return '';
	local $/;
	return <$file> // '';
}

# What is wrong with a file beyond its failed cases: a list of texts.
sub faults_of
{
	my ($parser, $status) = @_;
	my @faults;
	my $failed = $parser->failed;
	push @faults, 'no case was run' if !$parser->tests_run && !$parser->skip_all;
	push @faults, "ended with status $status" if $status != 0 && $status != $failed;
	push @faults, $parser->parse_errors if $parser->parse_errors;
	return @faults;
}

# The end of the log that PostgreSQL's test modules write for a file: what it died of stands only there.
sub last_words
{
	my ($file) = @_;
	my @lines = split /^/, content("$ENV{TESTDIR}/tmp_check/log/regress_log_" . basename($file, '.pl'));
	return map { "# $_" } @lines > LAST_WORDS ? @lines[ -LAST_WORDS() .. -1 ] : @lines;
}

# Shows the output of a file that has ended, and counts it.
sub finish
{
	my ($job, $status) = @_;
	my $tap = content($job->{output});
	my $parser = TAP::Parser->new({ tap => $tap, merge => 1 });
	$parser->run;
	my @faults = faults_of($parser, $status);
	my %result = (file => $job->{file}, seconds => time - $job->{started}, passed => scalar $parser->passed,
		failed => $parser->failed + (@faults ? 1 : 0));
	printf "\n%s\n%s%s", $job->{file}, $tap, $tap =~ /\n\z/ || $tap eq '' ? '' : "\n";
	print "not ok - $job->{file}: ", join('; ', @faults), "\n", last_words($job->{file}) if @faults;
	push @ended, \%result;
	printf "%s .. %d passed, %d failed, %.0f s\n", @result{qw(file passed failed seconds)};
}

sub summary
{
	my ($started) = @_;
	my ($passed, $failed) = (0, 0);
	$passed += $_->{passed}, $failed += $_->{failed} for @ended;
	print "\nThe slowest files:\n" if @ended > 5;
	my @slowest = sort { $b->{seconds} <=> $a->{seconds} } @ended;
	printf "%6.0f s  %s\n", @$_{qw(seconds file)} for @ended > 5 ? @slowest[0 .. 4] : ();
	printf "With failures: %s\n", join ' ', sort map { $_->{file} } grep { $_->{failed} } @ended if $failed;
	printf "Files: %d, %d passed, %d failed, %.0f s with %d at once\n", scalar @ended, $passed, $failed, time - $started, $jobs;
	return $failed;
}

$| = 1;
$SIG{$_} = sub { $interrupted = 1; kill 'TERM', keys %running; } for qw(INT TERM HUP);
my $started = time;
my @waiting = slowest_first(@files);
while (%running || (@waiting && !$interrupted))
{
	start(shift @waiting) while @waiting && keys %running < $jobs && !$interrupted;
	my $pid = waitpid -1, 0;
	next if $pid <= 0 || !$running{$pid};
	my $status = $?;
	finish(delete $running{$pid}, $status & 127 ? 128 + ($status & 127) : $status >> 8);
}
exit 130 if $interrupted;
exit(summary($started) ? 1 : 0);
