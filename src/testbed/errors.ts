/** The user asked for something that cannot be. The message is complete: what, where, and what would do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
