/**
 * When a session of HTTP/2 may be closed.
 *
 * In Node 20 a session that is closed while its connection is read, or just before, refuses the streams that come in
 * before its GOAWAY is written, and thereby frees what is being read: whoever opens many streams ends the process by it
 * ("corrupted size vs. prev_size"). See nodejs/node#64113; 22 and later do not. Timers and immediates run apart from
 * reading, and what they close is closed in time.
 */
import { setImmediate } from 'node:timers/promises'

export const outsideOfReading = (): Promise<void> => setImmediate()
