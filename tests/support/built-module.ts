/**
 * A module of the built package, loaded by Node itself and not by the test runner: the very copy that a handlers'
 * module gets when it imports the package.
 *
 * @param path in `dist/`, like `workers/load-alien-file.js`
 */
export async function builtModule<Module>(path: string): Promise<Module> {
  const url = new URL(`../../dist/${path}`, import.meta.url).href
  return (await import(`data:text/javascript,export * from ${JSON.stringify(url)}`)) as Module
}
