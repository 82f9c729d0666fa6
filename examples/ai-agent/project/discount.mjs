/** The price after a discount, in cents. */
export const discounted = (price, percent) => Math.round((price * percent) / 100)
