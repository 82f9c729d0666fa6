/** A collector: takes what is sent by OTLP over HTTP, as protobuf. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import { listening, portOf } from './listening.js'

export interface ReceivedSpan {
  readonly service: string
  readonly name: string
  /** `SERVER`, … */
  readonly kind: string
  /** Hex. */
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly durationMs: number
  readonly isError: boolean
  readonly attributes: Readonly<Record<string, unknown>>
}

interface KeyValue {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Resource {
  readonly attributes: readonly KeyValue[]
}

interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: Resource
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[]
  }[]
}

interface WireSpan extends Resource {
  readonly name: string
  readonly kind: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code: number }
}

interface MetricsRequest {
  readonly resourceMetrics: readonly {
    readonly resource: Resource
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[]
  }[]
}

export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = []
  /** `service name`. */
  readonly metrics = new Set<string>()
  readonly #server = createServer((request, response) => {
    void this.#receive(request).then((status) => response.writeHead(status).end())
  })
  readonly #root = protobuf.loadSync('tests/support/otlp.proto')

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver()
    await listening(receiver.#server)
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #receive(request: IncomingMessage): Promise<number> {
    const sent = await buffer(request)
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    if (request.headers['content-type'] !== 'application/x-protobuf') return 415
    if (request.url === '/v1/traces') this.#addSpans(this.#decode('ExportTraceServiceRequest', body) as TraceRequest)
    else if (request.url === '/v1/metrics')
      this.#addMetrics(this.#decode('ExportMetricsServiceRequest', body) as MetricsRequest)
    else return 404
    return 200
  }

  #decode(name: string, body: Uint8Array): unknown {
    const type = this.#root.lookupType(`otlp.${name}`)
    return type.toObject(type.decode(body), { defaults: true, enums: String, longs: String, bytes: String })
  }

  #addSpans({ resourceSpans }: TraceRequest): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          service: String(attributesOf(resource)['service.name']),
          name: span.name,
          kind: span.kind.replace('SPAN_KIND_', ''),
          traceId: hex(span.traceId),
          spanId: hex(span.spanId),
          parentId: hex(span.parentSpanId),
          durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
          isError: span.status?.code === 2,
          attributes: attributesOf(span),
        })
      }
    }
  }

  #addMetrics({ resourceMetrics }: MetricsRequest): void {
    for (const { resource, scopeMetrics } of resourceMetrics) {
      const service = String(attributesOf(resource)['service.name'])
      for (const { name } of scopeMetrics.flatMap(({ metrics }) => metrics)) this.metrics.add(`${service} ${name}`)
    }
  }
}

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

const attributesOf = ({ attributes }: Resource): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
