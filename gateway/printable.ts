/** What others say of themselves, cut to a line that can be shown, kept and compared. */
export const printable = (value: unknown = ''): string =>
  String(value)
    .slice(0, 100)
    .replace(/[^\x20-\x7e]/g, '?')
