/** `/healthz` and `/readyz` of a process that has no port but that of its metrics. */
import type { RequestListener, ServerResponse } from 'node:http'
import { httpStatusOf, ownProbe, readinessOf, type Probes } from './readiness.js'

type Log = Parameters<typeof readinessOf>[1]

export class Health {
  readonly #log: Log
  #probes: Probes = { process: ownProbe(() => 'starting') }

  /** @param log gets what is not ready, with the error */
  constructor(log: Log) {
    this.#log = log
  }

  /** What it goes by from now on. Until then it is starting, and not ready. */
  needs(probes: Probes): void {
    this.#probes = probes
  }

  /** By path. */
  readonly routes: Readonly<Record<string, RequestListener>> = {
    '/healthz': (_request, response) => answer(response, 200, { status: 'ok' }),
    '/readyz': (_request, response) =>
      void readinessOf(this.#probes, this.#log).then((readiness) =>
        answer(response, httpStatusOf(readiness), readiness),
      ),
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
