/** `missing`: why it is not `found`, and `` when it is. */
export function debianTool(name: 'promtool' | 'nginx'): {
  readonly found: string | undefined
  readonly place: string
  readonly missing: string
}
