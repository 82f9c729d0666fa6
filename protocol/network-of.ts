/**
 * By what an address is told apart from others: in IPv6 one customer has 2^64 at least, so it is the network, of 64 bits.
 *
 * @param address an IP address as sockets have it
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  // `::` stands for zeros.
  return (tail === undefined ? groups : [...groups, 0, 0, 0]).slice(0, 4).join(':')
}
