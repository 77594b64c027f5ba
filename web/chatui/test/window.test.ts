import { describe, expect, it } from 'vitest';
import { RowWindow } from '../src/window.js';

const keys = Array.from({ length: 10_000 }, (_, index) => `k${index}`);

describe('the window on a long list', () => {
  it('draws what is seen and a little around it, and space for the rest', () => {
    const rows = new RowWindow(200, 50);
    const part = rows.part(keys, 100_000, 600);
    expect(part.end - part.start).toBeLessThan(25);
    expect(part.before).toBeLessThanOrEqual(100_000 - 200);
    expect(part.before + part.after + (part.end - part.start) * 50).toBe(10_000 * 50);
  });

  it('goes by the heights that were measured', () => {
    const rows = new RowWindow(0, 50);
    expect(rows.measured('k0', 500)).toBe(true);
    expect(rows.measured('k0', 500)).toBe(false);
    expect(rows.offset(keys, 1)).toBe(500);
    expect(rows.part(keys, 499, 1).start).toBe(0);
    expect(rows.part(keys, 501, 1).start).toBe(1);
  });

  it('ends where the list ends', () => {
    const rows = new RowWindow();
    expect(rows.part([], 0, 600)).toEqual({ start: 0, end: 0, before: 0, after: 0 });
    expect(rows.part(keys, Number.MAX_SAFE_INTEGER, 600)).toMatchObject({ end: 10_000, after: 0 });
  });
});
