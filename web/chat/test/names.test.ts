import { expect, it } from 'vitest';
import { shownName } from '../src/index.js';

it('the name shown is the nickname, else the user\'s own, else the profile\'s, else the push identity\'s, else the id', () => {
  const known = { userId: 'u1', nickname: 'Captain', remark: 'Benny', name: 'Ben', identityName: 'Benjamin' };
  const shown: string[] = [];
  for (const gone of ['nickname', 'remark', 'name', 'identityName', ''] as const) {
    shown.push(shownName(known));
    if (gone !== '') known[gone] = '';
  }
  expect(shown).toEqual(['Captain', 'Benny', 'Ben', 'Benjamin', 'u1']);
});
