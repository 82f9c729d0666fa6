/** Full names of what is in Pub/Sub. Before the id of a project may be the domain that it belongs to: `acme.example:prod`. */
const nameIn = (collection: string): RegExp =>
  new RegExp(`^projects/([a-z0-9.:-]{4,100})/${collection}/[A-Za-z][\\w.~+%-]{2,254}$`)

/** The first group is the project. */
export const PUBSUB_TOPIC = nameIn('topics')
/** The first group is the project. */
export const PUBSUB_SUBSCRIPTION = nameIn('subscriptions')
