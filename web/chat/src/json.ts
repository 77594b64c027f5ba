/**
 * What `JSON.parse` gives: data whose shape the program itself asserts.
 *
 * Message contents travel as JSON text of any shape, so a {@link Message} whose type argument is left out
 * has this content. Name the shape (`Message<TextMessageContent>`) to have it checked.
 */
export type Json = ReturnType<typeof JSON.parse>;
