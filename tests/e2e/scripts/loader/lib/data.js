import { back } from './cycle.js';
export const there = () => 'there';
export default { cycle: () => back() };
