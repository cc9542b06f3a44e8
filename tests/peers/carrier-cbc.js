// A cell broadcast centre for the tests of reunion-carrier: writes, replaces, kills over CBSP with octets made here, and
// prints what comes back. env PORT; MODE "hold" leaves the messages on air.
'use strict';
const net = require('net');
const u16 = v => Buffer.from([v >> 8, v & 255]);
const ie = (tag, ...v) => Buffer.concat([Buffer.from([tag]), ...v.map(x => Buffer.isBuffer(x) ? x : Buffer.from([x]))]);
const message = (type, ...ies) => {
	const body = Buffer.concat(ies);
	return Buffer.concat([Buffer.from([type, body.length >> 16]), u16(body.length & 0xFFFF), body]);
};
const cgi = (lac, ci) => Buffer.concat([Buffer.from([0x64, 0xF0, 0x00]), u16(lac), u16(ci)]);
const list = (how, ...entries) => { const v = Buffer.concat([Buffer.from([how]), ...entries]); return Buffer.concat([Buffer.from([4]), u16(v.length), v]); };
const page = text => {
	const b = Buffer.from(text.padEnd(41, '\r'), 'utf16le');
	b.swap16();
	return ie(1, 2 * text.length, b);
};
const OLD = 2, NEW = 3;
const write = (id, serial, old, cells, pages, period = 32) => message(1, ie(14, u16(id)), ie(NEW, u16(serial)),
	...(old === undefined ? [] : [ie(OLD, u16(old))]), cells, ie(18, 0), ie(5, 0), ie(6, period >> 4, period & 15), ie(7, u16(0)),
	ie(19, pages.length), ie(12, 0x48), ...pages.map(page));
const kill = (id, serial, cells) => message(4, ie(14, u16(id)), ie(OLD, u16(serial)), cells, ie(18, 0));

const s = net.connect(Number(process.env.PORT), '127.0.0.1');
let buf = Buffer.alloc(0), waiting = [];
s.on('data', d => {
	buf = Buffer.concat([buf, d]);
	for (let len; buf.length >= 4 && buf.length >= (len = 4 + buf.readUIntBE(1, 3)); buf = buf.subarray(len)) {
		const m = buf.subarray(0, len);
		if (m[0] === 0x13) console.log('restart', m.toString('hex'));
		else waiting.shift()(m.toString('hex'));
	}
});
const ask = m => new Promise(done => { waiting.push(done); s.write(m); });

async function main() {
	const three = list(0, cgi(4301, 6969), cgi(4301, 6970), cgi(4302, 6971));
	console.log('reset', await ask(message(0x10, list(6))));
	console.log('write', await ask(write(4379, 0xC010, undefined, three, ['寻人：小明，男，六岁。', '请拨打110。'])));
	console.log('again', await ask(write(4379, 0xC010, undefined, list(0, cgi(4301, 6969)), ['寻人：小明，男，六岁。', '请拨打110。'])));
	console.log('unknown', await ask(write(4379, 0xC010, undefined, list(0, cgi(9999, 1), cgi(4302, 6972)), ['寻人：小明，男，六岁。', '请拨打110。'])));
	console.log('replace', await ask(write(4379, 0xC020, 0xC010, list(0, cgi(4301, 6969)), ['小明已找到，谢谢。'])));
	console.log('status', await ask(message(10, ie(14, u16(4379)), ie(OLD, u16(0xC020)), list(0, cgi(4301, 6969)), ie(18, 0))));
	console.log('kill', await ask(kill(4379, 0xC010, list(1, Buffer.concat([u16(4301), u16(6970)])))));
	console.log('kill_again', await ask(kill(4379, 0xC010, list(1, Buffer.concat([u16(4301), u16(6970)])))));
	console.log('missing', await ask(message(1, ie(14, u16(4379)), three)));
	console.log('keepalive', await ask(message(0x16, ie(0x18, 20))));
	if (process.env.MODE !== 'hold') console.log('reset_all', await ask(message(0x10, list(6))));
	s.end();
}
s.on('connect', () => main().catch(e => { console.error(e); process.exit(1); }));
s.on('error', e => { console.error(e.message); process.exit(1); });
