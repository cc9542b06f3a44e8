// A carrier on node-smpp that dials in and binds. env: PORT, HOW = bind | knock | twice; prints "name value" lines.
'use strict';
const smpp = require('smpp'), env = process.env;
const ask = (s, command, fields) => new Promise(done => s[command](fields || {}, done));
const say = (...values) => console.log(...values);
const open = () => new Promise(done => {
  const s = smpp.connect({ host: '127.0.0.1', port: Number(env.PORT) }, () => done(s));
  s.on('error', () => {});
  s.gone = new Promise(gone => s.on('close', gone));
});
const credentials = password => ({ system_id: 'reunion', password, interface_version: 0x50 });

async function bind() {
  let s = await open();
  say('wrong', (await ask(s, 'bind_transceiver', credentials('falsch'))).command_status);
  await s.gone;
  s = await open();
  let r = await ask(s, 'bind_transceiver', credentials('geheim'));
  say('bound', r.command_status, r.system_id, r.sc_interface_version);
  say('again', (await ask(s, 'bind_transceiver', credentials('geheim'))).command_status);
  r = await ask(s, 'submit_sm', { source_addr: '8613800000001', destination_addr: '110', short_message: 'seen at the station' });
  say('clue', r.command_status, r.message_id.length > 0);
  say('query', (await ask(s, 'query_sm', { message_id: '1' })).command_status);
  say('unbound', (await ask(s, 'unbind')).command_status);
}

async function knock() {
  let answers = 0, closed = 0;
  for (let i = 0; i < 12; i++) {
    const s = await open();
    const answered = ask(s, 'bind_receiver', credentials('falsch')).then(() => answers++);
    await Promise.race([answered, s.gone.then(() => closed++)]);
    await s.gone;
  }
  say('answers', answers, 'closed', closed);
}

// Two binds; the first one's connection breaks after 100 messages, without the answers to the last of them.
async function twice() {
  const got = [0, 0], seen = new Map();
  for (let i = 0; i < 2; i++) {
    const s = await open();
    if ((await ask(s, 'bind_transceiver', credentials('geheim'))).command_status !== 0) say('refused', i);
    s.on('deliver_sm', pdu => {
      got[i]++;
      seen.set(pdu.destination_addr, (seen.get(pdu.destination_addr) || 0) + 1);
      if (i === 0 && got[0] >= 100) s.socket.destroy();
      else if (i === 1 || got[0] < 90) s.send(pdu.response());
    });
    s.on('enquire_link', pdu => s.send(pdu.response()));
  }
  process.on('SIGTERM', () => {
    let more = 0;
    for (const n of seen.values()) more += n - 1;
    say('twice', got[0], got[1], seen.size, more);
    process.exit(0);
  });
}

const ways = { bind, knock, twice };
ways[env.HOW]().then(() => env.HOW === 'twice' || process.exit(0));
setTimeout(() => { say('too late'); process.exit(1); }, env.HOW === 'twice' ? 60000 : 15000);
