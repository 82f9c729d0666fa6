/** @param peer `address:port` */
export const ipOf = (peer: string): string => peer.replace(/:\d*$/, '')
