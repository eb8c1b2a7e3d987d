// args: --iterations 1
import http from 'k6/http';
export const options = { throw: true };
export default function () {
  for (const act of [
    () => http.get('http://127.0.0.1:1/'),
    () => http.get(`${__ENV.BASE}/get`, { timeout: 'soon' }),
    () => http.get(`${__ENV.BASE}/get`, { responseType: 'blob' }),
    () => http.post(`${__ENV.BASE}/post`, 'x', { compression: 'lzw' }),
    () => http.get(`${__ENV.BASE}/get`, { auth: 'kerberos' }),
    () => http.expectedStatuses('a'),
    () => http.setResponseCallback('x'),
    () => http.batch(),
    () => http.batch([[]]),
    () => http.get(`${__ENV.BASE}/get`, { tags: { bad: {} } }),
  ]) {
    try {
      console.log(act().status);
    } catch (error) {
      console.log(String(error));
    }
  }
}
