// An SMSC that misbehaves: node hostile.js MODE; prints "port N", then "connection" for each one.
//   garbage  answers the bind with text        huge    answers it with a length of 4 GiB
//   tiny     answers it with a length of 3     drop    closes at once after a good bind
//   never    answers no submit                 weird   answers each, and sends PDUs that nobody can read beside it
const net = require('net'), mode = process.argv[2];
function pdu(id, status, seq, body, length) {
  const head = Buffer.alloc(16);
  body = body || Buffer.alloc(0);
  head.writeUInt32BE(length || 16 + body.length, 0);
  head.writeUInt32BE(id >>> 0, 4);
  head.writeUInt32BE(status, 8);
  head.writeUInt32BE(seq, 12);
  return Buffer.concat([head, body]);
}
function bound(socket, id, seq) {
  if (mode === 'garbage') return socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(4));
  if (mode === 'huge') return socket.write(pdu(0x80000009, 0, seq, Buffer.alloc(500, 120), 0xffffffff));
  if (mode === 'tiny') return socket.write(pdu(0x80000009, 0, seq, Buffer.alloc(500, 120), 3));
  socket.write(pdu(0x80000000 + id, 0, seq, Buffer.from('HOSTILE\0')));
  if (mode === 'drop') socket.end();
}
function submitted(socket, seq) {
  if (mode === 'never') return;
  socket.write(pdu(0x80000004, 0, seq, Buffer.from('id' + seq + '\0')));
  if (mode !== 'weird') return;
  socket.write(pdu(0x12345, 0, 100000 + seq));
  socket.write(pdu(5, 0, 200000 + seq, Buffer.alloc(3)));
  socket.write(pdu(0x80000004, 0, 300000 + seq, Buffer.from('x\0')));
}
const server = net.createServer(socket => {
  let have = Buffer.alloc(0);
  console.log('connection');
  socket.on('error', () => {});
  socket.on('data', data => {
    have = Buffer.concat([have, data]);
    while (have.length >= 16 && have.length >= have.readUInt32BE(0)) {
      const id = have.readUInt32BE(4), seq = have.readUInt32BE(12);
      have = have.subarray(have.readUInt32BE(0));
      if (id === 1 || id === 2 || id === 9) bound(socket, id, seq);
      else if (id === 4) submitted(socket, seq);
      else if (id === 0x15 || id === 6) socket.write(pdu(0x80000000 + id, 0, seq));
    }
  });
}).listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
