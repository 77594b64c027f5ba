// The three push services as a server under test meets them: they speak their protocols over real connections, check
// what they are shown with Node's own cryptography, and answer as the test says.
//
// Writes a JSON line with the addresses, the keys that an app signs with, and a browser's subscription; then one for each
// request: { service, status, ... }. Each line that it reads says how a service answers its next requests:
// { service, answers: [{ status, headers, body, after }] }.
import crypto from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import readline from 'node:readline';

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const answers = { fcm: [], apns: [], web: [], token: [] };
const next = (service, usual) => answers[service].shift() ?? usual;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A token's header and claims, if the key has signed it. */
function verified(jwt, key, algorithm) {
  const [header, claims, signature] = jwt.split('.');
  const data = Buffer.from(`${header}.${claims}`);
  const read = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
  if (read(header).alg !== algorithm) throw new Error(`signed with ${read(header).alg}`);
  const how = algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key;
  if (!crypto.verify('sha256', data, how, Buffer.from(signature, 'base64url'))) throw new Error('not signed by this key');
  return { header: read(header), claims: read(claims) };
}

/** RFC 8188 and 8291, from the receiver's side. */
function decrypted(body, ecdh, auth) {
  const salt = body.subarray(0, 16);
  const length = body[20];
  const sender = body.subarray(21, 21 + length);
  const extract = (salt, key) => crypto.createHmac('sha256', salt).update(key).digest();
  const expand = (key, info, size) => crypto.createHmac('sha256', key).update(Buffer.concat([info, Buffer.from([1])])).digest().subarray(0, size);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), sender]);
  const agreed = expand(extract(auth, ecdh.computeSecret(sender)), info, 32);
  const key = extract(salt, agreed);
  const decipher = crypto.createDecipheriv(
    'aes-128-gcm',
    expand(key, Buffer.from('Content-Encoding: aes128gcm\0'), 16),
    expand(key, Buffer.from('Content-Encoding: nonce\0'), 12),
  );
  const sealed = body.subarray(21 + length);
  decipher.setAuthTag(sealed.subarray(-16));
  const text = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  if (text.at(-1) !== 2) throw new Error('the record is not marked as the last');
  return JSON.parse(text.subarray(0, -1).toString());
}

async function read(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

const pem = { type: 'pkcs8', format: 'pem' };
const fcmKeys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const apnsKeys = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
const browser = crypto.createECDH('prime256v1');
browser.generateKeys();
const auth = crypto.randomBytes(16);
let base = '';

/** FCM's token endpoint, its messages, and a browser's push service. */
async function web(request, response) {
  const body = await read(request);
  const url = request.url;
  const reply = async (service, usual, told) => {
    const { status, headers = {}, body = usual.body ?? '', after = 0 } = next(service, usual);
    await pause(after);
    response.writeHead(status, headers).end(body);
    say({ service, status, ...told });
  };
  try {
    if (url === '/token') {
      const form = new URLSearchParams(body.toString());
      const { claims } = verified(form.get('assertion'), fcmKeys.publicKey, 'RS256');
      if (claims.aud !== `${base}/token` || claims.exp - claims.iat > 3600) throw new Error('wrong claims');
      const token = { access_token: `access-${claims.iss}`, expires_in: 3599, token_type: 'Bearer' };
      await reply('token', { status: 200, body: JSON.stringify(token) }, { claims, grant: form.get('grant_type') });
    } else if (url.startsWith('/v1/projects/')) {
      const told = { url, authorization: request.headers.authorization, body: JSON.parse(body.toString()) };
      await reply('fcm', { status: 200, body: '{"name":"projects/p/messages/1"}' }, told);
    } else {
      const [, jwt, key] = /^vapid t=([^,]+), k=(.+)$/.exec(request.headers.authorization);
      const point = Buffer.from(key, 'base64url');
      const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
      const { claims } = verified(jwt, crypto.createPublicKey({ key: jwk, format: 'jwk' }), 'ES256');
      if (claims.aud !== base) throw new Error(`the token is for ${claims.aud}`);
      const { ttl, topic, urgency, 'content-encoding': encoding } = request.headers;
      const told = { url, key, claims, ttl, topic, urgency, encoding, notification: decrypted(body, browser, auth) };
      await reply('web', { status: 201 }, told);
    }
  } catch (error) {
    response.writeHead(401).end(String(error));
    say({ service: 'web', status: 401, error: String(error) });
  }
}

/** APNs: HTTP/2 alone. */
async function apns(stream, headers) {
  const body = await read(stream);
  let told;
  try {
    const { header, claims } = verified(headers.authorization.replace('bearer ', ''), apnsKeys.publicKey, 'ES256');
    const named = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('apns-')));
    told = { path: headers[':path'], headers: named, header, claims, body: JSON.parse(body.toString()) };
  } catch (error) {
    stream.respond({ ':status': 403 });
    stream.end(JSON.stringify({ reason: 'InvalidProviderToken', error: String(error) }));
    say({ service: 'apns', status: 403, error: String(error) });
    return;
  }
  const { status, headers: more = {}, body: text = '', after = 0 } = next('apns', { status: 200 });
  await pause(after);
  stream.respond({ ':status': status, ...more });
  stream.end(text);
  say({ service: 'apns', status, ...told });
}

const one = http.createServer(web).listen(0, '127.0.0.1');
const two = http2.createServer().on('stream', (stream, headers) => void apns(stream, headers)).listen(0, '127.0.0.1');
await Promise.all([one, two].map((server) => new Promise((done) => (server.listening ? done() : server.once('listening', done)))));
base = `http://127.0.0.1:${one.address().port}`;
say({
  web: base,
  apns: `http://127.0.0.1:${two.address().port}`,
  p256dh: browser.getPublicKey('base64url'),
  auth: auth.toString('base64url'),
  fcmKey: fcmKeys.privateKey.export(pem),
  apnsKey: apnsKeys.privateKey.export(pem),
});
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { service, answers: more } = JSON.parse(line);
  answers[service].push(...more);
  say({ service: 'test', status: 0 });
}
process.exit(0);
