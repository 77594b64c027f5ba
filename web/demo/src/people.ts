/** The two people of the demo who have phones, by their ids. */
export const people = { alice: 'Alice', bob: 'Bob' } as const;

/** The id of one of them. */
export type Person = keyof typeof people;

/** A third one, without a phone: what she does, the app's server does for her. */
export const third = { id: 'carol', name: 'Carol' } as const;

/** The group that the three are in. */
export const group = { id: 'weekend', name: 'Weekend' } as const;

/** Whether a text is the id of one of them. */
export function isPerson(id: string): id is Person {
  return Object.hasOwn(people, id);
}

/** The other one. */
export function otherThan(person: Person): Person {
  return person === 'alice' ? 'bob' : 'alice';
}

/** What a phone is told by the page around it: to lose its connection, to find it again, to sign in anew. */
export type PhoneOrder = 'offline' | 'online' | 'sign-in';
