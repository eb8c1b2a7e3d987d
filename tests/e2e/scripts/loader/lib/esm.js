export const VERSION = '1.0';
export function add(a, b) {
  return a + b;
}
export let counter = 0;
export function increment() {
  counter++;
}
export default { name: 'esm' };
