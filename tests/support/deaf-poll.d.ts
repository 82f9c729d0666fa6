/** Polls, and never takes the answer. Gives what cuts the connection. */
export function startDeafPoll(url: string, token: string, queue: string): () => void
