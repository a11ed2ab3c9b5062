/** What follows the options in `--help`. */

export const FORMS = `
Forms:
  --nic eth0,queues=4,app=echo,driver=polling,rxBuffers=1024
      keys: queues (1 to 8), app, driver, capture, size, flows, rate, link;
      with driver, any other key is a parameter of that driver
  --disk nvme0,size=256M,driver=polling,queueDepth=64,rw=randread,bs=4k
      keys: size, media (a file), cache, queues, requests, driver, rw, bs, iodepth,
      rwmixread, verify, flushEvery, fua; any other key is a parameter of its driver
  --driver polling:rxRing=1024,rxBuffers=512
      parameters, units, ranges: ringswap list; a path names a module of yours
      (./mine.ts, ./mine.mjs), in driver=./mine.ts and to=./mine.ts too,
      and likewise --app ./mine.mjs or --nic eth0,app=./mine.mjs
  --swap at=1s,nic=eth0,to=polling,rxBuffers=2048,method=drain
      at: us, ms, s or m after the first frame; nic or disk: needed with several;
      method: inplace (default), or the controls drain and reset;
      cpu=standby: once it is done all devices pass to the second CPU (--standby);
      any other key is a parameter of the new driver
  --swap-every 5ms,rxBuffers=256/1024,rxRing=512/1024
      a parameter takes its values in turn, one a swap; method as above
`;

export const EXAMPLES = `
Examples:
  ringswap run --size 64 --app echo --frames 5M --swap-every 5ms
  ringswap run --capture lan.pcap --rate recorded --swap at=1s,to=batching
  ringswap run --nic eth0,queues=4 --nic eth1 --size imix --app forward
  ringswap run --disk nvme0,size=256M --rw randrw --iodepth 64 --swap-every 5ms
  ringswap run --scenario run.json --seed 7 --json - | jq .swaps.stallUs
  ringswap run --nic eth0 --disk nvme0 --interactive
      then type: swap eth0 polling rxBuffers=256, or: swap eth0 ./mine.mjs, status,
      help, quit
`;

export const SERVE_EXAMPLES = `
Examples:
  ringswap serve nbd --disk nvme0,size=1G --socket /tmp/nvme0.sock --swap-every 20ms
  ringswap serve nbd --disk nvme0,size=1G,media=disk.img --port 10809 --driver buffered
  nbdinfo 'nbd+unix:///?socket=/tmp/nvme0.sock'
`;

export const EXIT_STATUS = `
Exit status:
  0   the verdict is pass: no invariant was broken
  1   the verdict is fail
  2   bad usage or bad input; one message on standard error says what and where
  70  an error of ringswap itself
`;

export const CONFORM_STATUS = `
Exit status:
  0   the driver keeps the contract in all points that were tried
  1   it breaks it in one or more
  2   bad usage: no such file, or no driver in it
  70  an error of ringswap itself
`;

export const BENCH_EXAMPLES = `
Examples:
  ringswap bench --json today.json --html today.html
  ringswap bench receive forward --quick
  ringswap bench --compare yesterday.json
`;

export const BENCH_STATUS = `
Exit status:
  0   no ledger found a violation; whether goals are met does not matter
  1   a ledger found one; or, with --compare, a figure got worse than noise allows
  2   bad usage: no such bench, no report to compare with, nowhere to write to
  70  an error of ringswap itself
`;
