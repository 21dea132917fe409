import { describe, expect, it } from 'vitest';
import { imagesAt } from '../../../demo/cluster/images.ts';
import { VERSION } from '../../../src/cmd/version.ts';

describe('--images', () => {
  it.each([
    ['registry.example.com/glovebox', `registry.example.com/glovebox/control:${VERSION}`],
    ['registry.example.com/glovebox:main', 'registry.example.com/glovebox/control:main'],
    ['registry.example.com:5000/glovebox', `registry.example.com:5000/glovebox/control:${VERSION}`],
    ['registry.example.com:5000/glovebox:1.2.3', 'registry.example.com:5000/glovebox/control:1.2.3'],
    ['glovebox:1', 'glovebox/control:1'],
    ['localhost:5000', `localhost:5000/control:${VERSION}`],
  ])('%s has the control image %s', (prefix, control) => {
    expect(imagesAt(prefix).control).toBe(control);
  });

  it.each(['', ' ', 'Registry.example.com/x', 'registry.example.com/', 'a b', 'x;y'])(
    "refuses '%s' in one sentence",
    (prefix) => {
      expect(() => imagesAt(prefix)).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );
});
