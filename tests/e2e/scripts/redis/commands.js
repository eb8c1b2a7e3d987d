// Every function of a client: what its promise gives.
import { check } from 'k6';
import redis, { Client } from 'k6/experimental/redis';

export const options = { vus: 1, iterations: 2, thresholds: { checks: ['rate==1'] } };

const client = new Client(`${__ENV.REDIS}/1`);
const connectedInInit = client.isConnected();

function is(name, actual, expected) {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (!check(found, { [name]: (found) => found === wanted })) {
    console.error(`${name}: ${found} instead of ${wanted}`);
  }
}

async function strings() {
  is('set', await client.set('k', 'v'), 'OK');
  is('get', await client.get('k'), 'v');
  is('getSet', await client.getSet('k', 'w'), 'v');
  is('getDel', await client.getDel('k'), 'w');
  is('exists', await client.exists('k', 'n', 'k'), 0);
  for (const [value, text] of [[5, '5'], [5.5, '5.5'], [1e21, '1000000000000000000000'], [true, '1'], [false, '0'], ['', ''], ['ü🚢', 'ü🚢']]) {
    is(`set ${value}`, await client.set('x', value), 'OK');
    is(`get ${value}`, await client.get('x'), text);
  }
  is('incr', await client.incr('n'), 1);
  is('incrBy', await client.incrBy('n', 5), 6);
  is('incrBy text', await client.incrBy('n', '4'), 10);
  is('incrBy fraction', await client.incrBy('n', 1.9), 11);
  is('incrBy nothing', await client.incrBy('n'), 11);
  is('decr', await client.decr('n'), 10);
  is('decrBy', await client.decrBy('n', 3), 7);
  is('mget', await client.mget('x', 'nope', 'n'), ['ü🚢', null, '7']);
  is('del', await client.del('x', 'nope'), 1);
  is('randomKey', await client.randomKey(), 'n');
  is('names are text', [await client.set(5, 'five'), await client.get('5')], ['OK', 'five']);
  is('no name is empty', [await client.set(undefined, 'x'), await client.get(null), await client.get()], ['OK', 'x', 'x']);
}

async function expiry() {
  is('set for a time', await client.set('t', 'v', 100), 'OK');
  is('ttl', await client.ttl('t'), 100);
  is('set without one', [await client.set('t', 'v', 0), await client.ttl('t')], ['OK', -1e-9]);
  is('ttl of nothing', await client.ttl('nope'), -2e-9);
  is('expire', [await client.expire('t', 50.9), await client.ttl('t')], [true, 50]);
  is('expire nothing', await client.expire('nope', 50), false);
  is('persist', [await client.persist('t'), await client.persist('t')], [true, false]);
  is('expire at once', [await client.expire('t', 0), await client.exists('t')], [true, 0]);
}

async function lists() {
  is('rpush', await client.rpush('l', 'a', 1, true), 3);
  is('lpush', await client.lpush('l', 'z'), 4);
  is('lrange', await client.lrange('l', 0, -1), ['z', 'a', '1', '1']);
  is('lindex', await client.lindex('l', -1), '1');
  is('lset', await client.lset('l', 0, 'y'), 'OK');
  is('lrem', await client.lrem('l', 0, 1), 2);
  is('llen', await client.llen('l'), 2);
  is('lpop', await client.lpop('l'), 'y');
  is('rpop', await client.rpop('l'), 'a');
  is('lrange of nothing', await client.lrange('l', 0, -1), []);
}

async function hashes() {
  is('hset', [await client.hset('h', 'f', 'v'), await client.hset('h', 'f', 2)], [1, 0]);
  is('hsetnx', [await client.hsetnx('h', 'f', 3), await client.hsetnx('h', 'g', 4)], [false, true]);
  is('hget', await client.hget('h', 'f'), '2');
  is('hincrby', await client.hincrby('h', 'g', -6), -2);
  // k6 gives its properties in any order.
  is('hgetall', Object.entries(await client.hgetall('h')).sort(), [['f', '2'], ['g', '-2']]);
  is('hkeys', await client.hkeys('h'), ['f', 'g']);
  is('hvals', await client.hvals('h'), ['2', '-2']);
  is('hlen', await client.hlen('h'), 2);
  is('hdel', await client.hdel('h', 'f', 'g', 'x'), 2);
  is('hgetall of nothing', await client.hgetall('h'), {});
}

async function sets() {
  is('sadd', await client.sadd('s', 'a', 'b', 1, 'a'), 3);
  is('srem', await client.srem('s', 'b', 'x'), 1);
  is('sismember', [await client.sismember('s', 1), await client.sismember('s', 'b')], [true, false]);
  is('smembers', (await client.smembers('s')).sort(), ['1', 'a']);
  is('srandmember', ['1', 'a'].includes(await client.srandmember('s')), true);
  const popped = await client.spop('s');
  is('spop', (await client.smembers('s')).concat(popped).sort(), ['1', 'a']);
}

async function others() {
  is('sendCommand', await client.sendCommand('ECHO', 1.25), '1.25');
  is('a whole number', await client.sendCommand('DBSIZE') > 0, true);
  is('a pair', await client.sendCommand('CONFIG', 'GET', 'port').then((pair) => pair[0]), 'port');
  const nested = await client.sendCommand('EVAL', 'return {1, {2, "x"}, false, true}', 0);
  is('nested', nested, [1, [2, 'x'], null, 1]);
  is('bytes that are no text', await client.sendCommand('EVAL', 'return string.char(65, 255)', 0), 'A\ufffd');
  const sums = await Promise.all([1, 2, 3, 4, 5, 6].map(() => client.incr('together')));
  is('many at a time', sums.sort(), [1, 2, 3, 4, 5, 6]);
}

export default async function () {
  is('not connected in init', connectedInInit, false);
  is('the class is a property', [typeof redis.Client, typeof Client], ['function', 'function']);
  is('flush', await client.sendCommand('FLUSHDB'), 'OK');
  is('connected', client.isConnected(), true);
  await strings();
  await expiry();
  await lists();
  await hashes();
  await sets();
  await others();
}
