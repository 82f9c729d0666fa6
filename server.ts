/** Package entry `./server`: the control plane in a process of one's own. Loads Temporal. */
export { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './workers/control-plane.js'
export { temporalSettings, type TemporalSettings } from './temporal/settings.js'
