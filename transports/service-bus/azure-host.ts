/** Azure's own, and those of its national clouds. */
const NAMESPACE = /^[a-z0-9-]+\.servicebus\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)$/i

/**
 * Whether a token may be shown to it. One for Service Bus is good for every namespace that its owner may use, and a
 * deployment's may be named by whoever it is of.
 */
export const isAzureHost = (namespace: string): boolean => NAMESPACE.test(namespace)
