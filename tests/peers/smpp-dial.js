// A carrier on node-smpp that dials in and binds. env: PORT, HOW = bind | knock; prints "name value" lines.
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

(env.HOW === 'bind' ? bind : knock)().then(() => process.exit(0));
setTimeout(() => { say('too late'); process.exit(1); }, 15000);
