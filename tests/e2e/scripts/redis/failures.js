// What a promise is rejected with, and what a client's options may not be.
import { check } from 'k6';
import { Client } from 'k6/experimental/redis';

export const options = { vus: 1, iterations: 1, thresholds: { checks: ['rate==1'] } };

const client = new Client(`${__ENV.REDIS}/2`);
const address = /([^:/]+):(\d+)$/.exec(__ENV.REDIS);
const socket = (more) => ({ socket: Object.assign({ host: address[1], port: Number(address[2]) }, more) });

let inInit = '';
client.get('k').catch((error) => { inInit = String(error); });

function is(name, actual, expected) {
  if (!check(actual, { [name]: (actual) => actual === expected })) {
    console.error(`${name}: ${actual} instead of ${expected}`);
  }
}

/** Text, JSON and kind of what a promise is rejected with. */
async function rejected(promise) {
  try {
    return `resolved: ${JSON.stringify(await promise)}`;
  } catch (error) {
    return [error, JSON.stringify(error), typeof error, error instanceof Error, error.message, error.error()].join(' | ');
  }
}

const byServer = (text) => [text, JSON.stringify(text), 'object', false, '', text].join(' | ');
const byClient = (text) => [text, '{}', 'object', false, '', text].join(' | ');

function refused(options) {
  try {
    new Client(...options);
    return 'accepted';
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

async function replies() {
  const nil = byServer('redis: nil');
  await client.sendCommand('FLUSHDB');
  is('get', await rejected(client.get('nope')), nil);
  is('getSet', await rejected(client.getSet('k', 'v')), nil);
  is('getDel', await rejected(client.getDel('nope')), nil);
  is('hget', await rejected(client.hget('nope', 'f')), nil);
  is('lpop', await rejected(client.lpop('nope')), nil);
  is('rpop', await rejected(client.rpop('nope')), nil);
  is('lindex', await rejected(client.lindex('nope', 0)), nil);
  is('spop', await rejected(client.spop('nope')), nil);
  is('srandmember', await rejected(client.srandmember('nope')), nil);
  is('sendCommand', await rejected(client.sendCommand('GET', 'nope')), nil);
  const wrong = 'WRONGTYPE Operation against a key holding the wrong kind of value';
  is('wrong type', await rejected(client.lpush('k', 1)), byServer(wrong));
  is('no integer', await rejected(client.incr('k')), byServer('ERR value is not an integer or out of range'));
  is('lset', await rejected(client.lset('nope', 0, 'x')), byServer('ERR no such key'));
  is('too few', await rejected(client.del()), byServer("ERR wrong number of arguments for 'del' command"));
  const unknown = "ERR unknown command 'NOPE', with args beginning with: '1' ";
  is('unknown', await rejected(client.sendCommand('NOPE', 1)), byServer(unknown));
}

async function values() {
  const at = (index) => byClient(`unsupported type provided for argument at index ${index}, supported types are string, number, and boolean`);
  is('set undefined', await rejected(client.set('k', undefined)), at(1));
  is('set null', await rejected(client.set('k', null)), at(1));
  is('set object', await rejected(client.set('k', {})), at(1));
  is('set nothing', await rejected(client.set('k')), at(1));
  is('rpush', await rejected(client.rpush('k', 1, [])), at(2));
  is('sadd', await rejected(client.sadd('k', 'a', 'b', null)), at(3));
  is('hset', await rejected(client.hset('k', 'f')), at(2));
  is('sismember', await rejected(client.sismember('k', new Date())), at(1));
  is('sendCommand value', await rejected(client.sendCommand('GET', {})), at(1));
}

async function connections() {
  const nobody = new Client('redis://127.0.0.1:1');
  const refusal = await nobody.get('k').catch(String);
  is('nobody listens', refusal, 'dial tcp 127.0.0.1:1: connect: connection refused');
  // It means that a command was tried.
  is('not connected all the same', nobody.isConnected(), true);
  const stranger = new Client(__ENV.REDIS.replace('//', '//nobody:secret@'));
  const unknown = 'WRONGPASS invalid username-password pair or user is disabled.';
  is('wrong password', await rejected(stranger.get('k')), byServer(unknown));
  const beyond = new Client(`${__ENV.REDIS}/99`);
  is('no such database', await rejected(beyond.get('k')), byServer('ERR DB index is out of range'));
}

function constructions() {
  const invalid = (reason) => `GoError: invalid options; reason: ${reason}`;
  is('nothing', refused([]), 'GoError: must specify one argument');
  is('two', refused(['redis://x', 1]), 'GoError: must specify one argument');
  is('null', refused([null]), 'GoError: invalid options type: <nil>; expected string or object');
  is('number', refused([5]), 'GoError: invalid options type: int64; expected string or object');
  is('array', refused([[]]), 'GoError: invalid options type: []interface {}; expected string or object');
  is('no scheme', refused(['nonsense']), invalid('redis: invalid URL scheme: '));
  is('http', refused(['http://x']), invalid('redis: invalid URL scheme: http'));
  is('database', refused(['redis://x/y']), invalid('redis: invalid database number: "y"'));
  is('path', refused(['redis://x/1/2']), invalid('redis: invalid URL path: /1/2'));
  is('option', refused(['redis://x?foo=1']), invalid('redis: unexpected option: foo'));
  is('known options', refused(['redis://x?db=5&pool_size=3&read_timeout=1&dial_timeout=5s']), 'accepted');
  is('socket path', refused(['unix:///tmp/x']), 'accepted');
  is('no socket', refused([{}]), invalid('empty socket options'));
  is('unknown field', refused([{ ...socket(), usrname: 'x' }]), invalid('json: unknown field "usrname"'));
  is('socket', refused([{ socket: 'x' }]), invalid('json: cannot unmarshal string into Go struct field singleNodeOptions.socket of type redis.socketOptions'));
  is('port', refused([{ socket: { port: '1' } }]), invalid('json: cannot unmarshal string into Go struct field socketOptions.socket.port of type int'));
  is('fraction', refused([{ ...socket(), database: 1.5 }]), invalid('json: cannot unmarshal number 1.5 into Go struct field singleNodeOptions.database of type int'));
  is('tls', refused([socket({ tls: { ca: 'x' } })]), invalid('json: cannot unmarshal string into Go struct field tlsOptions.socket.tls.ca of type []string'));
  is('nodes', refused([{ cluster: {} }]), invalid('cluster nodes property must be an array; got <nil>'));
  is('no nodes', refused([{ cluster: { nodes: [] } }]), invalid('cluster nodes property cannot be empty'));
  is('numbers', refused([{ cluster: { nodes: [1] } }]), invalid('cluster nodes array must contain string or object elements; got int64'));
  is('users', refused([{ cluster: { nodes: ['redis://u:p@x', 'redis://v:p@y'] } }]), invalid('inconsistent username option: u != v'));
  is('cluster', refused([{ cluster: { maxRedirects: 3, nodes: ['redis://x', 'redis://y:7'] } }]), 'accepted');
  is('cluster of objects', refused([{ cluster: { readOnly: true, nodes: [socket()] } }]), 'accepted');
}

export default async function () {
  const init = 'connecting to a redis server in the init context is not supported';
  is('in init', inInit, init);
  await replies();
  await values();
  await connections();
  constructions();
  const whole = new Client({ ...socket({ dialTimeout: 1000, readTimeout: -1, poolSize: 3 }), database: 2, username: '', clientName: 'x' });
  is('all options', await whole.set('k', 'v'), 'OK');
  // The script fails with it.
  await client.get('nobody handles this');
}
