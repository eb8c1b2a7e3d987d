// args: --iterations 1 --insecure-skip-tls-verify
// A client certificate whose key is behind a password, shown to a server that asks for one.
import http from 'k6/http';
import { check } from 'k6';

export const options = {
  tlsAuth: [{ cert: open('./client.pem'), key: open('./client.key.pem'), password: 'secret' }],
};

export default function () {
  check(http.get(`${__ENV.SECURE}/client`), { 'the server knows us': (r) => r.body === 'CN=client' });
}
