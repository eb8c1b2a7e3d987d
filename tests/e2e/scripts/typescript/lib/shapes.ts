export interface Shape {
  kind: string;
  side: number;
}
export enum Color {
  Red = 'red',
}
export function area(shape: Shape): number {
  return shape.side ** 2;
}
