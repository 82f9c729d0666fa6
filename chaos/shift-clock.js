/**
 * Preloaded into agents: what JavaScript takes for the time is off by as many milliseconds as the file says that
 * `CHAOS_CLOCK` names, looked at four times a second. Timers and the native core keep the machine's own.
 */
import { readFileSync } from 'node:fs'

const RealDate = Date
const file = process.env['CHAOS_CLOCK'] ?? ''
let offByMs = 0

function look() {
  try {
    offByMs = Number(readFileSync(file, 'utf8'))
  } catch {
    offByMs = 0
  }
}

look()
setInterval(look, 250).unref()

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(Date.now()).toString(),
  construct: (Real, args, target) => Reflect.construct(Real, args.length === 0 ? [Date.now()] : args, target),
  get: (Real, key) => (key === 'now' ? () => RealDate.now() + offByMs : Reflect.get(Real, key)),
})
