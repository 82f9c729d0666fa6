/** Every gRPC method that Temporal has: there is an end to their names, unlike to those that a stranger makes up. */
import proto from '@temporalio/proto'
import type protobuf from 'protobufjs'

/** Name by gRPC's path. */
export const TEMPORAL_METHODS: ReadonlyMap<string, string> = new Map(methodsIn(proto as unknown as protobuf.Root))

function methodsIn(namespace: protobuf.NamespaceBase): [string, string][] {
  return namespace.nestedArray.flatMap((nested) => {
    const service = nested as Partial<protobuf.Service> & protobuf.ReflectionObject
    const own = Object.keys(service.methods ?? {}).map((name): [string, string] => [
      `/${service.fullName.slice(1)}/${name}`,
      name,
    ])
    return 'nestedArray' in nested ? [...own, ...methodsIn(nested as protobuf.NamespaceBase)] : own
  })
}
