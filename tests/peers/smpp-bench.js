// CPU and time per submit_sm and answer of node-smpp as a client. env: PORT, WINDOW, COUNT; prints "cpu_us wall_us".
'use strict';
const smpp = require('smpp'), { PORT, WINDOW, COUNT } = process.env;
const s = smpp.connect({ host: '127.0.0.1', port: Number(PORT) }, () =>
  s.bind_transmitter({ system_id: 'reunion', password: 'geheim', interface_version: 0x34 }, () => {
    const text = Buffer.alloc(140, 1), cpu = process.cpuUsage(), wall = process.hrtime.bigint();
    let sent = 0, answered = 0;
    const send = () => s.submit_sm({ source_addr: 'POLICE', source_addr_ton: 5, dest_addr_ton: 1, dest_addr_npi: 1, data_coding: 8,
      destination_addr: String(8613800000000 + sent++), validity_period: '000000060000000R', short_message: text }, () => {
      if (++answered === Number(COUNT)) {
        const used = process.cpuUsage(cpu);
        console.log(((used.user + used.system) / COUNT).toFixed(3), (Number(process.hrtime.bigint() - wall) / 1000 / COUNT).toFixed(3));
        process.exit(0);
      }
      if (sent < Number(COUNT)) send();
    });
    for (let i = 0; i < Number(WINDOW); i++) send();
  }));
