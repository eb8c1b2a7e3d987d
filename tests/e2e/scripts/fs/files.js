// Files opened in init and read piece by piece.

import { check } from 'k6';
import { SeekMode, open as openFile } from 'k6/experimental/fs';

async function outcome(act) {
  try {
    return await act();
  } catch (e) {
    return String(e);
  }
}

const file = await openFile('./hello.txt');
const empty = await openFile('./empty.txt');
const other = await openFile('./hello.txt');
const missing = await outcome(() => openFile('./nope.txt'));
const folder = await outcome(() => openFile('.'));
const nothing = await outcome(() => openFile());
const unnamed = await outcome(() => openFile(''));

export const options = { vus: 2, iterations: 2 };

export default async function () {
  const text = (bytes, count) => String.fromCharCode(...bytes.slice(0, count));
  const bytes = new Uint8Array(8);
  await file.seek(0, SeekMode.Start);
  const first = [await file.read(bytes), text(bytes, 8)];
  const second = [await file.read(bytes), text(bytes, 3)];
  const third = await file.read(bytes);
  const places = [
    await file.seek(2, SeekMode.Start),
    await file.seek(3, SeekMode.Current),
    await file.seek(-1, SeekMode.Current),
  ];
  const stat = await file.stat();
  const ends = await other.read(new Uint8Array(5));
  const wrong = [];
  for (const [offset, whence] of [[-1, 0], [99, 0], [-99, 1], [5, 2], [0, 9], [null, 0], [0, null], ['a', 0], [1.5, 0]]) {
    wrong.push(await outcome(() => file.seek(offset, whence)));
  }
  const targets = [];
  for (const target of [undefined, 'x', new ArrayBuffer(4), new Uint16Array(4)]) {
    targets.push(await outcome(() => file.read(target)));
  }
  const late = await outcome(() => openFile('./hello.txt'));
  const none = [await empty.read(bytes), await file.read(new Uint8Array(0))];
  check(null, {
    path: () => file.path.endsWith('/fs/hello.txt'),
    'reads as much as fits': () => first[0] === 8 && first[1] === 'hello wo',
    'then the rest': () => second[0] === 3 && second[1] === 'rld',
    'then nothing': () => third === null && none[0] === null,
    'into an empty array': () => none[1] === 0,
    'seeks': () => places.join() === '2,5,4',
    'every opened file has its own place': () => ends === 5 || ends === null,
    'stat': () => stat.name === 'hello.txt' && stat.size === 11,
    'modes': () => SeekMode.Start === 0 && SeekMode.Current === 1 && SeekMode.End === 2,
    'a missing file': () => /^NotFoundError: no such file or directory ".*\/nope.txt"$/.test(missing),
    'a folder': () => /^InvalidResourceError: cannot open ".*": opening a directory is not supported$/.test(folder),
    'no path': () => nothing === 'TypeError: open() failed; reason: path cannot be null or undefined',
    'an empty path': () => unnamed === 'TypeError: open() failed; reason: path cannot be empty',
    'after init': () =>
      late === 'ForbiddenError: open() failed; reason: opening a file is allowed only in the Init context',
    'wrong seeks': () =>
      wrong.join('|') ===
      [
        'TypeError: offset cannot be negative when using SeekModeStart',
        'TypeError: seeking beyond end of file',
        'TypeError: seeking before start of file',
        'TypeError: offset cannot be positive when using SeekModeEnd',
        'TypeError: seek() failed; reason: the whence argument must be a SeekMode',
        'TypeError: seek() failed; reason: the offset argument cannot be null or undefined',
        'TypeError: seek() failed; reason: the whence argument cannot be null or undefined',
        'TypeError: seek() failed; reason: the offset argument must be a number',
        'TypeError: seek() failed; reason: the offset argument must be a number',
      ].join('|'),
    'wrong targets': () =>
      targets[0] === 'TypeError: read() failed; reason: into argument cannot be null or undefined' &&
      targets.slice(1).every((error) => error === 'TypeError: read() failed; reason: into argument must be a Uint8Array'),
  });
}
