export function promtoolPath(): { found: string | undefined; place: string }
