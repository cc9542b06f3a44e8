# An SMSC on Net::SMPP: net-smpp.pl; prints "port N", then a line for each message: "submit TO CODING ESM HEX" and for each
# receipt answered. One connection at a time.
use strict;
use warnings;
use Net::SMPP;
use IO::Socket::INET;
$| = 1;
my $probe = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
my $port = $probe->sockport;
close $probe;
my $server = Net::SMPP->new_listen('127.0.0.1', port => $port, smpp_version => 0x34, timeout => 120) or die "cannot listen: $!";
print "port $port\n";
my $id = 0;
my %answer = (
	Net::SMPP::CMD_bind_transceiver() => sub { $_[0]->bind_transceiver_resp(system_id => 'PERL', seq => $_[1]) },
	Net::SMPP::CMD_bind_transmitter() => sub { $_[0]->bind_transmitter_resp(system_id => 'PERL', seq => $_[1]) },
	Net::SMPP::CMD_bind_receiver() => sub { $_[0]->bind_receiver_resp(system_id => 'PERL', seq => $_[1]) },
	Net::SMPP::CMD_enquire_link() => sub { $_[0]->enquire_link_resp(seq => $_[1]) },
	Net::SMPP::CMD_unbind() => sub { $_[0]->unbind_resp(seq => $_[1]) },
);
while (my $c = $server->accept) {
	while (my $p = $c->read_pdu) {
		my $cmd = $p->{cmd};
		if ($cmd == Net::SMPP::CMD_submit_sm) {
			$id++;
			print "submit $p->{destination_addr} $p->{data_coding} $p->{esm_class} ", unpack('H*', $p->{short_message}), "\n";
			$c->submit_sm_resp(message_id => sprintf('%08x', $id), seq => $p->{seq});
			$c->deliver_sm(source_addr => $p->{destination_addr}, destination_addr => $p->{source_addr}, esm_class => 4, async => 1,
				short_message => "id:$id sub:001 dlvrd:001 submit date:2611250800 done date:2611250801 stat:DELIVRD err:000 text:")
				if $p->{registered_delivery};
		} elsif ($answer{$cmd}) {
			print $p->explain_cmd, "\n";
			$answer{$cmd}->($c, $p->{seq});
			last if $cmd == Net::SMPP::CMD_unbind;
		} elsif ($cmd == (Net::SMPP::CMD_deliver_sm | 0x80000000)) {
			print "receipt $p->{status}\n";
		} else {
			print "other $cmd\n";
		}
	}
	print "closed\n";
	$c->close;
}
