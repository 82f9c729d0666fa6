import { discounted } from './discount.mjs'
import { withTax } from './tax.mjs'

/** In cents. */
export const total = ({ price, quantity, discountPercent }) => withTax(discounted(price * quantity, discountPercent))
