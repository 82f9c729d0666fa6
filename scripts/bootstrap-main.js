/** Installs and builds what is missing. */
import { bootstrap } from './bootstrap.js'

bootstrap()
