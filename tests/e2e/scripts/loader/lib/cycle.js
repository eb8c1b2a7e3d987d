import { there } from './data.js';
export const back = () => `${there()} and back`;
