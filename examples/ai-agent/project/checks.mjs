import { discounted } from './discount.mjs'
import { withTax } from './tax.mjs'
import { total } from './total.mjs'

const CHECKS = [
  ['discount.mjs', 'a discount of 25 % on 200', discounted(200, 25), 150],
  ['discount.mjs', 'no discount', discounted(200, 0), 200],
  ['tax.mjs', 'tax on 100', withTax(100), 119],
  ['tax.mjs', 'tax on 99, rounded', withTax(99), 118],
  ['total.mjs', 'an order', total({ price: 1_000, quantity: 2, discountPercent: 10 }), 2_142],
]

for (const [file, what, is, shouldBe] of CHECKS) {
  if (is === shouldBe) console.log(`ok    ${file}: ${what}`)
  else {
    console.log(`FAIL  ${file}: ${what} is ${is}, and should be ${shouldBe}`)
    process.exitCode = 1
  }
}
