/** Addresses of a namespace's nodes: `queue`, `queue/$DeadLetterQueue`, `queue/$management`; or as URIs of the same. */

/** `queue/$management` of `sb://host/queue/$management`. */
export const pathOf = (address: string): string => address.replace(/^\w+:\/\/[^/]*\//, '')

/** `queue` of all that belongs to it. */
export const queueOf = (address: string): string => pathOf(address).replace(/\/\$.*$/, '')
