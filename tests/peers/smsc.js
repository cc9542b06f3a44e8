// An SMSC on node-smpp (npm "smpp"): takes everything, counts per recipient, answers receipts.
// With KEY, CERT (files): TLS; with CA: client certificates of it are asked for.
// Prints one JSON object at SIGTERM. env: PORT (0 = free; printed as "port N"), PASSWORD, RECEIPTS=1, THROTTLE_EVERY=n
const smpp = require('smpp'), env = process.env;
const got = {}, texts = {}, parts = {};
const sum = { submits: 0, throttled: 0, receipts_answered: 0, binds: 0, refused: 0, dcs: {}, source: {}, ton: {} };
let id = 0, seen = 0;
function text(p) {
  const m = p.short_message.message;
  const udh = p.short_message.udh;
  const body = Buffer.isBuffer(m) ? m.toString('hex') : m;
  if (!udh || !udh.length) return body;
  const info = Buffer.isBuffer(udh) ? udh : udh[0]; // node-smpp hands out an array of information elements
  const ie = info[0], wide = ie === 8, ref = wide ? info.readUInt16BE(2) : info[2];
  const total = info[wide ? 4 : 3], seq = info[wide ? 5 : 4], key = p.destination_addr + '/' + ref;
  parts[key] = parts[key] || {};
  parts[key][seq] = body;
  if (Object.keys(parts[key]).length < total) return null;
  let whole = '';
  for (let i = 1; i <= total; i++) whole += parts[key][i];
  delete parts[key];
  return whole;
}
const fs = require('fs'), file = f => f && fs.readFileSync(f);
const tls = env.KEY ? { key: file(env.KEY), cert: file(env.CERT), ca: file(env.CA), requestCert: !!env.CA, rejectUnauthorized: !!env.CA } : {};
smpp.createServer(tls, s => {
  s.on('error', () => {});
  s.on('bind_transceiver', p => {
    const good = p.password === env.PASSWORD;
    good ? sum.binds++ : sum.refused++;
    s.send(p.response(good ? { system_id: 'node' } : { command_status: smpp.ESME_RINVPASWD }));
  });
  s.on('enquire_link', p => s.send(p.response()));
  s.on('unbind', p => s.send(p.response(), () => s.close()));
  s.on('submit_sm', p => {
    sum.submits++;
    if (env.THROTTLE_EVERY && ++seen % Number(env.THROTTLE_EVERY) === 0) {
      sum.throttled++;
      return s.send(p.response({ command_status: smpp.ESME_RTHROTTLED }));
    }
    sum.dcs[p.data_coding] = (sum.dcs[p.data_coding] || 0) + 1;
    sum.source[p.source_addr] = (sum.source[p.source_addr] || 0) + 1;
    sum.ton[p.dest_addr_ton + '/' + p.dest_addr_npi] = (sum.ton[p.dest_addr_ton + '/' + p.dest_addr_npi] || 0) + 1;
    const whole = text(p);
    if (whole !== null) {
      got[p.destination_addr] = (got[p.destination_addr] || 0) + 1;
      texts[whole] = (texts[whole] || 0) + 1;
    }
    const mid = (++id).toString(16);
    s.send(p.response({ message_id: mid }));
    if (env.RECEIPTS && p.registered_delivery) s.deliver_sm({ source_addr: p.destination_addr, destination_addr: p.source_addr, esm_class: 4,
      short_message: `id:${mid} sub:001 dlvrd:001 submit date:2611232000 done date:2611232001 stat:DELIVRD err:000 text:`,
      receipted_message_id: mid, message_state: 2 }, () => sum.receipts_answered++);
  });
}).listen(Number(env.PORT || 0), '127.0.0.1', function () { console.log('port ' + this.address().port); });
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ ...sum, recipients: Object.keys(got).length, copies: Math.max(0, ...Object.values(got)), texts }));
  process.exit(0);
});
