// What a gateway does when the carrier dials in, on node-smpp. Env SMPP_MODULE, PORT_FILE, MODE:
// "outbind": answers outbind with bind_transceiver, submits, leaves the first reply unanswered by dropping the connection, answers it the next time.
// "centre": takes the carrier's bind and delivers an alert as deliver_sm. Prints what happened and exits.
'use strict';
const smpp = require(process.env.SMPP_MODULE), fs = require('fs');
let round = 0, asked = null;

function outbind(s) {
	s.on('outbind', o => {
		round++;
		if (round === 1) console.log('outbind', o.system_id, o.password);
		s.bind_transceiver({ system_id: 'police', password: 'secret', interface_version: 0x34 }, r => {
			if (round === 1)
				s.submit_sm({ source_addr: 'POLICE', source_addr_ton: 5, dest_addr_ton: 1, dest_addr_npi: 1, registered_delivery: 1,
					destination_addr: '8613800000007', short_message: Buffer.from('Missing') }, a => console.log('submit', a.command_status));
		});
	});
	s.on('deliver_sm', d => {
		if (d.esm_class & 4) { console.log('receipt', round, d.source_addr); s.send(d.response()); return; }
		const text = d.short_message.message;
		if (round === 1) { asked = text; s.destroy(); return; }
		s.send(d.response());
		console.log('clue again', text === asked, d.source_addr, d.destination_addr);
		setTimeout(() => process.exit(0), 200);
	});
}

function centre(s) {
	s.on('bind_transceiver', b => {
		console.log('bound', b.system_id, b.interface_version);
		s.send(b.response({ system_id: 'gateway', sc_interface_version: 0x34 }));
		s.deliver_sm({ source_addr: 'POLICE', source_addr_ton: 5, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '8613800000008',
			short_message: Buffer.from('Missing') }, r => console.log('deliver', r.command_status));
	});
	s.on('submit_sm', p => {
		console.log('clue', p.source_addr, p.destination_addr);
		s.send(p.response({ message_id: '1' }));
		setTimeout(() => process.exit(0), 200);
	});
}

const server = smpp.createServer(s => {
	s.on('error', () => {});
	(process.env.MODE === 'centre' ? centre : outbind)(s);
});
server.listen(0, '127.0.0.1', () => fs.writeFileSync(process.env.PORT_FILE, String(server.address().port)));
setTimeout(() => { console.log('too late'); process.exit(1); }, 15000);
