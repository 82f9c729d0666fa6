/** `node doc-cloud.js PROGRAM …`: the clouds' own command lines, which do nothing here, in the forms that they have. */
import { assertFiles, formOf } from './doc-forms.js'

const [, , program, ...given] = process.argv
assertFiles(formOf(program, given).flags)
