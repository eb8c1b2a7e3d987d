// What TypeScript adds that is more than types: enums, parameter properties, namespaces.
import { check } from 'k6';
import { type Shape, area, Color } from './lib/shapes.ts';

enum Level {
  Low = 1,
  High,
}

class Point {
  constructor(
    public readonly x: number,
    private y: number = 2,
  ) {}
  sum(): number {
    return this.x + this.y;
  }
}

abstract class Base<T> {
  abstract value(): T;
}
class Derived extends Base<string> {
  override value(): string {
    return 'derived';
  }
}

const generic = <T,>(value: T): T => value;
const shape = { kind: 'square', side: 3 } satisfies Shape;

export default function (): void {
  const optional: { a?: { b: number } } = {};
  check(null, {
    enums: () => Level.High === 2 && Level[1] === 'Low',
    'imported enums': () => Color.Red === 'red',
    'parameter properties': () => new Point(1).sum() === 3,
    generics: () => generic<number>(4) === 4,
    'non-null and as': () => (optional.a?.b as unknown) === undefined,
    'imported functions and types': () => area(shape) === 9,
    'abstract classes': () => new Derived().value() === 'derived',
  });
}
