// A message centre for broadcast_sm on node-smpp (npm "smpp"): keeps what is on air by area, answers query and cancel.
// env: PORT (0 = free; printed as "port N"), PASSWORD. Prints one JSON object at SIGTERM.
const smpp = require('smpp'), env = process.env;
const air = {}, sum = { broadcasts: 0, cancelled: 0, queries: 0, unknown: 0, interface: 0 };
let id = 0;
const list = v => (v === undefined ? [] : Array.isArray(v) ? v : [v]);
const name = a => (Buffer.isBuffer(a) ? a.subarray(1).toString('latin1') : String(a.data));
const text = p => { const m = p.message_payload && (p.message_payload.message || p.message_payload); return Buffer.isBuffer(m) ? m.toString('hex') : m; };
smpp.createServer({}, s => {
  s.on('error', () => {});
  s.on('bind_transceiver', p => {
    sum.interface = p.interface_version;
    s.send(p.response(p.password === env.PASSWORD ? { system_id: 'node', sc_interface_version: 0x50 } : { command_status: smpp.ESME_RINVPASWD }));
  });
  s.on('enquire_link', p => s.send(p.response()));
  s.on('unbind', p => s.send(p.response(), () => s.close()));
  s.on('broadcast_sm', p => {
    const mid = 'b' + ++id;
    sum.broadcasts++;
    air[mid] = { text: text(p), areas: list(p.broadcast_area_identifier).map(name), source: p.source_addr, priority: p.priority_flag };
    s.send(p.response({ message_id: mid }));
  });
  s.on('cancel_broadcast_sm', p => {
    const known = p.message_id in air;
    known ? sum.cancelled++ : sum.unknown++;
    delete air[p.message_id];
    s.send(p.response(known ? {} : { command_status: smpp.ESME_RINVMSGID }));
  });
}).listen(Number(env.PORT || 0), '127.0.0.1', function () { console.log('port ' + this.address().port); });
process.on('SIGTERM', () => {
  const texts = {}, areas = {};
  for (const b of Object.values(air)) {
    texts[b.text] = (texts[b.text] || 0) + b.areas.length;
    for (const a of b.areas) areas[a] = (areas[a] || 0) + 1;
  }
  console.log(JSON.stringify({ ...sum, on_air: Object.keys(air).length, areas: Object.keys(areas).length, most: Math.max(0, ...Object.values(areas)),
    first: Object.keys(areas)[0], texts }));
  process.exit(0);
});
