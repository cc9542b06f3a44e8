// An ESME on node-smpp that drives reunion-carrier: env PORT, SMPP_MODULE; prints "name value" lines for the test.
'use strict';
const smpp = require(process.env.SMPP_MODULE);
const port = Number(process.env.PORT);
const ask = (s, command, fields) => new Promise(done => s[command](fields || {}, done));
const say = (name, ...values) => console.log(name, ...values);
const to = { dest_addr_ton: 1, dest_addr_npi: 1, source_addr: 'POLICE', source_addr_ton: 5 };
const udh16 = (ref, total, seq) => Buffer.from([6, 8, 4, ref >> 8, ref & 255, total, seq]);
const ucs2 = text => { const b = Buffer.from(text, 'utf16le'); b.swap16(); return b; };

async function long(s, number, ref, parts) {
	for (let i = 0; i < parts.length; i++)
		await ask(s, 'submit_sm', { ...to, destination_addr: number, esm_class: 0x40, data_coding: 8,
			short_message: Buffer.concat([udh16(ref, parts.length, i + 1), ucs2(parts[i])]) });
}

let done = false;

async function main(s) {
	let r = await ask(s, 'bind_transceiver', { system_id: 'police', password: 'wrong', interface_version: 0x50 });
	say('bad_password', r.command_status);
	r = await ask(s, 'bind_transceiver', { system_id: 'police', password: 'secret', interface_version: 0x50 });
	say('bind', r.command_status, r.system_id, r.sc_interface_version);
	const receipt = new Promise(done => s.on('deliver_sm', d => { s.send(d.response()); if (d.esm_class === 4) done(d); }));
	r = await ask(s, 'submit_sm', { ...to, destination_addr: '8613800000001', data_coding: 0, registered_delivery: 1,
		short_message: Buffer.from('Missing: Anna, 6', 'latin1') });
	say('submit', r.command_status, r.message_id.length > 0);
	const d = await receipt;
	say('receipt', d.receipted_message_id === r.message_id, d.message_state, d.source_addr, d.destination_addr);
	await long(s, '8613800000002', 7, ['寻人：小明，男，六岁，', '红色外套。']);
	await long(s, '8613800000002', 8, ['寻人：小明，男，六岁，', '红色外套。']);
	await long(s, '8613800000003', 8, ['寻人：小明，男，六岁，']);                 // one part only? total is 1: whole
	await ask(s, 'submit_sm', { ...to, destination_addr: '8613800000004', esm_class: 0x40, data_coding: 8,
		short_message: Buffer.concat([udh16(9, 2, 1), ucs2('半')]) });       // never complete
	for (const seq of [2, 1])
		await ask(s, 'submit_sm', { ...to, destination_addr: '8613800000005', data_coding: 0, sar_msg_ref_num: 5,
			sar_total_segments: 2, sar_segment_seqnum: seq, short_message: Buffer.from(seq === 1 ? 'one ' : 'two') });
	r = await ask(s, 'submit_multi', { source_addr: 'POLICE', source_addr_ton: 5, data_coding: 0,
		dest_address: [{ dl_name: '46000-4301-6969' }, { dl_name: '46000-4301-6970' },
			{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '8613800000006' }],
		short_message: Buffer.from('Missing: Anna, 6') });
	say('multi', r.command_status, r.unsuccess_sme ? r.unsuccess_sme.length : 0);
	r = await ask(s, 'broadcast_sm', { source_addr: 'POLICE', data_coding: 8, message_payload: '寻人', broadcast_rep_num: 10,
		broadcast_area_identifier: [{ format: 0, data: '46000-L1234' }, { format: 0, data: '46000-L1235' }],
		broadcast_content_type: { network: 1, content_type: 1 }, broadcast_frequency_interval: { unit: 9, interval: 5 } });
	say('broadcast', r.command_status);
	const id = r.message_id;
	r = await ask(s, 'query_broadcast_sm', { message_id: id });
	say('query_broadcast', r.command_status, r.message_id === id, r.message_state);
	r = await ask(s, 'cancel_broadcast_sm', { message_id: id });
	say('cancel_broadcast', r.command_status);
	r = await ask(s, 'enquire_link');
	say('enquire', r.command_status);
	r = await ask(s, 'unbind');
	say('unbind', r.command_status);
	done = true;
	s.close();
}

const s = smpp.connect({ host: '127.0.0.1', port }, () => main(s).catch(e => { console.error(e); process.exit(1); }));
s.on('error', e => { console.error(e.message); process.exit(1); });
s.on('close', () => { if (!done) process.exit(1); });
