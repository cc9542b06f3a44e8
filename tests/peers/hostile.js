// An SMSC that misbehaves: node hostile.js MODE...; prints "port N MODE" for each, then "connection MODE" for each one.
//   garbage  answers the bind with text        huge    answers it with a length of 4 GiB
//   tiny     answers it with a length of 3     drop    closes at once after a good bind
//   never    answers no submit                 weird   answers each, and sends PDUs that nobody can read beside it
//   loris    sends a long PDU, an octet at a time       octets   answers well, an octet a write
//   flood    answers what was never asked, without end  asks     enquires without end and reads no answer
//   wrong    answers with other sequence numbers        unbound  answers the bind with another sequence number
//   umlaut   sends what André wrote, in Latin-1
//   half     closes its half after the bind             deaf     reads nothing after the bind
const net = require('net');
function pdu(id, status, seq, body, length) {
  const head = Buffer.alloc(16);
  body = body || Buffer.alloc(0);
  head.writeUInt32BE(length || 16 + body.length, 0);
  head.writeUInt32BE(id >>> 0, 4);
  head.writeUInt32BE(status, 8);
  head.writeUInt32BE(seq, 12);
  return Buffer.concat([head, body]);
}
const nothing = Buffer.alloc(0);
const orphans = Buffer.concat(Array.from({ length: 2000 }, (_, i) => pdu(0x80000004, i % 3 ? 0 : 0x58, 0x40000000 + i, Buffer.from('x\0'))));
const enquiries = Buffer.concat(Array.from({ length: 2000 }, (_, i) => pdu(0x15, 0, 1 + i)));
function forever(socket, data) {
  const more = () => { while (!socket.destroyed && socket.write(data)); };
  socket.on('drain', more);
  more();
}
function slowly(socket, data, at) {
  if (socket.destroyed || at >= data.length) return;
  socket.write(data.subarray(at, at + 1));
  setTimeout(slowly, 20, socket, data, at + 1);
}
function bound(mode, socket, id, seq) {
  if (mode === 'unbound') return socket.write(pdu(0x80000000 + id, 0, seq + 1, Buffer.from('HOSTILE\0')));
  if (mode === 'garbage') return socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(4));
  if (mode === 'huge') return socket.write(pdu(0x80000009, 0, seq, Buffer.alloc(500, 120), 0xffffffff));
  if (mode === 'tiny') return socket.write(pdu(0x80000009, 0, seq, Buffer.alloc(500, 120), 3));
  socket.write(pdu(0x80000000 + id, 0, seq, Buffer.from('HOSTILE\0')));
  if (mode === 'umlaut') socket.write(pdu(5, 0, 300, Buffer.from('\0\x05\0Andr\xe9\0\x01\x01110\0\0\0\0\0\0\0\0\0\0\x04seen', 'latin1')));
  if (mode === 'drop' || mode === 'half') socket.end();
  if (mode === 'loris') slowly(socket, pdu(5, 0, 1, Buffer.alloc(60000)), 0);
  if (mode === 'flood') forever(socket, orphans);
  if (mode === 'asks') forever(socket, enquiries);
  if (mode === 'deaf' || mode === 'asks') socket.pause();
}
function submitted(mode, socket, seq) {
  if (mode === 'never' || mode === 'loris' || mode === 'flood') return;
  if (mode === 'wrong') seq += 1000000;
  if (mode === 'octets') {
    for (const octet of pdu(0x80000004, 0, seq, Buffer.from('id' + seq + '\0'))) socket.write(Buffer.from([octet]));
    return;
  }
  socket.write(pdu(0x80000004, 0, seq, Buffer.from('id' + seq + '\0')));
  if (mode !== 'weird') return;
  socket.write(pdu(0x12345, 0, 100000 + seq));
  socket.write(pdu(5, 0, 200000 + seq, Buffer.alloc(3)));
  socket.write(pdu(0x80000004, 0, 300000 + seq, Buffer.from('x\0')));
}
for (const mode of process.argv.slice(2)) {
 const server = net.createServer({ allowHalfOpen: mode === 'half', noDelay: true }, socket => {
  let have = nothing;
  console.log('connection ' + mode);
  socket.on('error', () => {});
  socket.on('data', data => {
    have = Buffer.concat([have, data]);
    while (have.length >= 16 && have.length >= have.readUInt32BE(0)) {
      const id = have.readUInt32BE(4), status = have.readUInt32BE(8), seq = have.readUInt32BE(12);
      have = have.subarray(have.readUInt32BE(0));
      if (id === 1 || id === 2 || id === 9) bound(mode, socket, id, seq);
      else if (id === 4) submitted(mode, socket, seq);
      else if (id === 0x80000005) console.log('answer ' + status + ' ' + mode);
      else if (id === 0x15 || id === 6) socket.write(pdu(0x80000000 + id, 0, seq));
    }
  });
 }).listen(0, '127.0.0.1', () => console.log('port ' + server.address().port + ' ' + mode));
}
