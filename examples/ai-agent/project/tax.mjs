const TAX_PERCENT = 19

/** The price with tax, in cents. */
export const withTax = (price) => Math.floor(price * (1 + TAX_PERCENT / 100))
